-- The names that find(1) would print for the user as whom the session asks: those in directories that the user may list and search, from the root
-- down, with their inodes. The root has a row without a name.
-- Parameters: none. Returns: above, the path of the directory, '' for the root; name; parent; and columns of thule.inode.
-- Errors: those of thule_internal.session_sees. Tables touched: role, dirent, inode, xattr (read).
-- Of directories, which are few, all are looked at at first; thule_internal.tree_seen, which knows instants, goes by index instead.
create function thule_internal.names_seen()
returns table (above text, name bytea, parent bigint, ino bigint, mode integer, nlink integer, uid bigint, gid bigint, rdev bigint, size bigint,
    allocated bigint, atime_ns bigint, mtime_ns bigint, ctime_ns bigint, btime_ns bigint, target bytea)
language sql stable parallel safe rows 10000 security definer
begin atomic
    with recursive me as materialized (
        select s.viewer, thule_internal.may_reach(1, thule_internal.present(), 5, s.viewer) as begins
        from (select thule_internal.session_sees() as viewer offset 0) s
    ), listed as materialized (
        select d.parent, d.name, i.ino
        from me
        cross join thule.inode i
        join thule.dirent d on d.ino = i.ino
        where thule_internal.is_directory(i.mode) and me.begins
            and thule_internal.permits(i.mode, i.uid, i.gid, case when i.xattrs > 0 then (
                select x.value from thule.xattr x where x.ino = i.ino and x.name = 'system.posix_acl_access') end, me.viewer, 5)
    ), dir (ino, path, depth) as (
        select 1::bigint, ''::text, 0 from me where me.begins
        union all
        select l.ino, t.path || '/' || thule.escape_name(l.name), t.depth + 1
        from dir t join listed l on l.parent = t.ino
        where t.depth < thule_internal.max_depth() - 1
    )
    select null::text, null::bytea, null::bigint, i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size,
        i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns, i.btime_ns, i.target
    from me cross join thule.inode i where i.ino = 1
    union all
    select t.path, d.name, t.ino, i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size,
        i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns, i.btime_ns, i.target
    from dir t
    join thule.dirent d on d.parent = t.ino
    join thule.inode i on i.ino = d.ino
    where i.nlink > 0;
end;
