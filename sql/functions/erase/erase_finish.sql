-- Deletes every version of the inodes of thule_internal.erase_prepare, once they are gone from the present, and the blobs that no
-- other file has, and what no other file has of the rest; writes the receipt. Of snapshots, too. The log stays.
-- Parameters: args: path, escaped; by, who asked for it.
-- Returns: the receipt as JSON, and in shared_with the paths of files that have some of its bytes.
-- Tables touched: inode_history, dirent_history, extent_history, xattr_history, blob, receipt,
--   pruned_inode (written), extent, dirent (read); those of thule_internal.audit_gone and audit_cleared.
create function thule_internal.erase_finish(args jsonb) returns jsonb
language plpgsql
as $$
declare
    inos   bigint[] := array(select e.ino from pg_temp.erase_ino e);
    used   bigint[];
    sound  bigint[];
    last   record;
    r      thule.receipt;
    shared text[];
    n      bigint;
begin
    select h.ino, h.op_to, h.mode, h.size into last
        from thule.inode_history h where h.ino = any (inos) order by h.op_to desc limit 1;
    r.size := coalesce(last.size, 0);
    if thule_internal.is_file(last.mode) and last.size <= 1073741000 then
        r.sha256 := sha256(thule.read_at_op(last.ino, last.op_to - 1, 0, last.size));
    end if;
    select count(*) into r.names from pg_temp.change_name;
    perform thule_internal.audit_gone('erase', coalesce(args ->> 'by', session_user), thule_internal.present(), inos);

    delete from thule.inode_history h where h.ino = any (inos);
    get diagnostics r.versions = row_count;
    delete from thule.dirent_history h where h.ino = any (inos);
    delete from thule.xattr_history h where h.ino = any (inos);
    with gone as (
        delete from thule.extent_history h where h.ino = any (inos) returning h.blob
    )
    select count(*), array_agg(distinct g.blob) into n, used from gone g;
    r.versions := r.versions + n;
    select f.blobs, f.bytes into r.blobs, r.bytes from thule_internal.free_blobs(used) f;
    sound := thule_internal.audit_sound_blobs(used);
    r.bytes := r.bytes + thule_internal.clear_blobs(used);
    perform thule_internal.audit_cleared(coalesce(args ->> 'by', session_user), sound);
    select count(*) into r.shared from thule.blob b where b.id = any (used);
    shared := array(
        select coalesce(thule.path(s.ino), format('inode %s, of the past', s.ino))
        from (
            select e.ino from thule.extent e where e.blob = any (used)
            union
            select e.ino from thule.extent_history e where e.blob = any (used)
        ) s
        order by 1);

    insert into thule.pruned_inode as p (ino, op)
        select i, last.op_to from unnest(inos) i
        on conflict (ino) do update set op = greatest(p.op, excluded.op);
    insert into thule.receipt (path, by, files, names, versions, blobs, bytes, shared, size, sha256)
        values (args ->> 'path', args ->> 'by', inos, r.names, r.versions, r.blobs, r.bytes, r.shared, r.size, r.sha256)
        returning * into r;
    return to_jsonb(r) || jsonb_build_object('sha256', encode(r.sha256, 'hex'), 'shared_with', shared);
end
$$;
