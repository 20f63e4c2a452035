-- Blobs that nothing refers to, in the present or the past: room that is lost. Those of a batch come in its transaction with
-- what refers to them, and prune frees them with the last that does.
create function thule_internal.fsck_blob_unused() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'blob_unused' as check_id, 'warning' as severity, null::bigint as ino,
        format('blob %s holds %s bytes that nothing refers to', b.id, octet_length(b.data)) as detail,
        null::bigint as op, 'becomes a file in lost+found' as repair
    from thule.blob b
    where not exists (select from thule.extent e where e.blob = b.id)
        and not exists (select from thule.extent_history e where e.blob = b.id);
end;

-- Each becomes a file, with an inode made in place; an empty one goes.
create function thule_internal.repair_blob_unused() returns void
language plpgsql
as $$
declare
    last  record;
    one   record;
    first bigint;
begin
    select o.op, o.at, thule.time_ns(o.at) as ns into last from thule.op o order by o.op desc limit 1;
    select s.next_ino into first from thule.superblock s;
    -- Found anew, as other repairs may have just taken a reference away, or made one.
    for one in
        select b.id, octet_length(b.data) as len
        from thule.blob b
        where not exists (select from thule.extent e where e.blob = b.id) and not exists (select from thule.extent_history e where e.blob = b.id)
    loop
        if one.len = 0 then
            delete from thule.blob b where b.id = one.id;
            continue;
        end if;
        insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from, valid_from)
            values (first, 33152, 1, 0, 0, 0, one.len, one.len, last.ns, last.ns, last.ns, last.ns, last.op, last.at);
        insert into thule.extent (ino, file_off, len, blob, blob_off, op_from) values (first, 0, one.len, one.id, 0, last.op);
        insert into thule.pruned_inode (ino, op) values (first, last.op);
        update thule.superblock s set next_ino = first + 1;
        perform thule_internal.repair_save(first, name => 'blob-' || one.id);
        select s.next_ino into first from thule.superblock s;
    end loop;
end
$$;
