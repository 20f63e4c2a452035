-- The rows of thule.file as of an op that find(1) would print for the user as whom the session asks: names in directories that the
-- user may list and search, down from a directory that may be listed, with what stat(2) shows. Of the past also what may be reached now counts, as in .thule/at.
-- Parameters: at_op, an op (2^63-1: the present); top, the ino of the directory to begin with. Returns: the columns of thule.file. Errors: those of thule_internal.session_sees.
-- Tables touched: role, dirent, dirent_history, inode, inode_history, xattr, xattr_history, actor, account, quota (read).
-- Whether a directory is listed is asked once for each, on the way down. Of the past, a file that is elsewhere now, or gone, is asked for itself.
create function thule_internal.tree_seen(at_op bigint, top bigint default 1)
returns table (path text, ino bigint, kind text, mode integer, uid bigint, gid bigint, size bigint, nlink integer, atime timestamptz, mtime timestamptz,
    ctime timestamptz, btime timestamptz, octal text, username text, groupname text, rdev text, allocated bigint, target text, parent bigint, content bytea)
language sql stable parallel safe rows 10000 security definer
begin atomic
    with recursive me as materialized (
        select thule_internal.session_sees() as viewer
    ), tree (path, parent, inode, listed, depth) as (
        select case top when 1 then '' else thule.path_at_op(top, at_op) end, null::bigint, i, thule_internal.may_reach(top, at_op, 5, me.viewer), 0
        from me cross join thule_internal.inode_at_op(top, at_op) i
        union all
        select t.path || '/' || thule.escape_name(e.name), (t.inode).ino, i,
            thule_internal.is_directory(i.mode) and case when at_op < thule_internal.present() then thule_internal.may_reach(i.ino, at_op, 5, me.viewer)
                else thule_internal.permits(i.mode, i.uid, i.gid, case when i.xattrs > 0 then (
                    select x.value from thule.xattr x where x.ino = i.ino and x.name = 'system.posix_acl_access') end, me.viewer, 5) end,
            t.depth + 1
        from tree t
        cross join me
        cross join lateral (select d.ino, d.name from thule_internal.entry_at_op((t.inode).ino, at_op) d offset 0) e
        cross join lateral thule_internal.inode_at_op(e.ino, at_op) i
        where t.listed and t.depth < thule_internal.max_depth()
    )
    select case t.path when '' then '/' else t.path end,
        (t.inode).ino,
        thule.mode_kind((t.inode).mode),
        thule_internal.permission_bits((t.inode).mode),
        (t.inode).uid,
        (t.inode).gid,
        (t.inode).size,
        (t.inode).nlink,
        thule.ns_time((t.inode).atime_ns),
        thule.ns_time((t.inode).mtime_ns),
        thule.ns_time((t.inode).ctime_ns),
        thule.ns_time((t.inode).btime_ns),
        thule_internal.mode_text((t.inode).mode),
        w.username,
        w.groupname,
        case when thule_internal.is_device((t.inode).mode) then thule_internal.device_text((t.inode).rdev) end,
        (t.inode).allocated,
        thule.escape_name((t.inode).target),
        t.parent,
        null::bytea
    from tree t
    cross join me
    cross join lateral (select thule.username((t.inode).uid) as username, thule.groupname((t.inode).gid) as groupname offset 0) w
    where (t.inode).nlink > 0 and (at_op = thule_internal.present() or t.parent is null
        or t.parent = (select d.parent from thule.dirent d where d.ino = (t.inode).ino order by d.op_from, d.parent, d.name limit 1)
        or thule_internal.may_reach((t.inode).ino, at_op, 0, me.viewer));
end;
