-- thule.file as it was once an op had happened.
-- Parameters: at_op, an op (2^63-1: the present).
-- Returns: rows of thule.file; none before the first op.
-- Tables touched: dirent, dirent_history, inode, inode_history, actor, quota (read). Names of users are those of now.
-- Versions of one inode do not overlap, so of those that ended only the last that began by then is looked at,
-- however many there are. That is the body of thule_internal.inode_at_op, written out: a call of it for each file takes twice the time.
create function thule_internal.file_rows_at_op(at_op bigint) returns setof thule.file
language sql stable strict parallel safe rows 10000
begin atomic
    with recursive tree (ino, path, depth, parent) as (
        select 1::bigint, ''::text, 0, null::bigint
        union all
        select e.ino, t.path || '/' || thule.escape_name(e.name), t.depth + 1, t.ino
        from tree t
        cross join lateral (select d.ino, d.name from thule_internal.entry_at_op(t.ino, at_op) d offset 0) e
        where t.depth < thule_internal.max_depth()
    )
    select case t.path when '' then '/' else t.path end,
        i.ino,
        thule.mode_kind(i.mode),
        thule_internal.permission_bits(i.mode),
        i.uid,
        i.gid,
        i.size,
        i.nlink,
        thule.ns_time(i.atime_ns),
        thule.ns_time(i.mtime_ns),
        thule.ns_time(i.ctime_ns),
        thule.ns_time(i.btime_ns),
        thule_internal.mode_text(i.mode),
        w.username,
        w.groupname,
        case when thule_internal.is_device(i.mode) then thule_internal.device_text(i.rdev) end,
        i.allocated,
        thule.escape_name(i.target),
        t.parent,
        null::bytea
    from tree t
    cross join lateral (
        select v.* from thule.inode v where v.ino = t.ino and v.op_from <= at_op
        union all
        select h.*
        from (
            select v.* from thule.inode_history v where v.ino = t.ino and v.op_from <= at_op
            order by v.op_from desc limit 1
        ) h
        where h.op_to > at_op
    ) i
    cross join lateral (select thule.username(i.uid) as username, thule.groupname(i.gid) as groupname offset 0) w
    where i.nlink > 0;
end;

-- The same, for a granted role as thule_internal.tree_seen shows it.
create function thule.file_at_op(at_op bigint) returns setof thule.file
language sql stable parallel safe rows 10000
begin atomic
    select f.* from thule_internal.file_rows_at_op(at_op) f where thule_internal.sees_tables()
    union all
    select s.* from thule_internal.tree_seen(at_op) s where at_op is not null and not thule_internal.sees_tables();
end;

comment on function thule.file_at_op(bigint) is
    'thule.file as it was once an op had happened. Example: select path, size from thule.file_at_op(1234);';
