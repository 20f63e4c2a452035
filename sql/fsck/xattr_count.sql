-- Inodes that count other extended attributes than they have.
create function thule_internal.fsck_xattr_count() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'xattr_count' as check_id, 'error' as severity, i.ino,
        format('counts %s extended attributes and has %s', i.xattrs, coalesce(x.count, 0)) as detail,
        i.op_from as op, 'counted anew' as repair
    from thule.inode i
    left join (select x.ino, count(*) from thule.xattr x group by x.ino) x on x.ino = i.ino
    where i.xattrs <> coalesce(x.count, 0);
end;

-- A new version of the inode has its attributes counted.
create function thule_internal.repair_xattr_count() returns void
language plpgsql
as $$
begin
    insert into pg_temp.repair_inode (ino)
        select distinct f.ino from pg_temp.repair_found f where f.check_id = 'xattr_count' on conflict do nothing;
end
$$;
