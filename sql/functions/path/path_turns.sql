-- The ops at which a directory's path changed: its own name, or that of a directory above it at the time, began or ended.
-- Parameters: ino, of a directory. Returns: ops, ascending, 0 first: as of all ops from one of them on and before the next, the path is the same, or
--   there is none. Null when they are not few (more than 200 names lead there).
-- Tables touched: dirent, dirent_history (read).
create function thule_internal.path_turns(ino bigint) returns bigint[]
language sql stable strict parallel safe cost 1000
begin atomic
    with recursive up (ino, op_from, op_to) as (
        select path_turns.ino, 0::bigint, thule_internal.present()
        union
        select e.parent, greatest(u.op_from, e.op_from), least(u.op_to, e.op_to)
        from up u
        cross join lateral (
            select d.parent, d.op_from, d.op_to from thule.dirent d where d.ino = u.ino and d.op_from < u.op_to
            union all
            select d.parent, d.op_from, d.op_to from thule.dirent_history d
            where d.ino = u.ino and d.op_from < u.op_to and d.op_to > u.op_from
            offset 0
        ) e
        where u.ino <> 1
    ), few as (
        select u.op_from, u.op_to from up u limit 201
    )
    select case when count(*) <= 200 then (
            select array_agg(t.op order by t.op)
            from (select f.op_from from few f union select f.op_to from few f) t (op)
            where t.op < thule_internal.present()
        ) end
    from few;
end;
