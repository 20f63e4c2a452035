-- Which of some ops were done to what was below directories, as thule_internal.log_ops has it.
-- Parameters: ops; dirs. Returns: ops. Tables touched: op, dirent, dirent_history, superblock, pruned_inode (read).
create function thule_internal.ops_below(ops bigint[], dirs bigint[]) returns setof bigint
language sql stable strict parallel safe rows 100
begin atomic
    with pruned as materialized (
        select coalesce(max(p.op), 0) as op from thule_internal.pruned_until() p
    ), asked as materialized (
        select o.op, o.ino, o.parent
        from pruned
        cross join unnest(ops) a (op)
        cross join lateral (
            select o.op, o.ino, case when o.op <= pruned.op then o.parent end as parent from thule.op o where o.op = a.op offset 0
        ) o
    ), range as materialized (
        -- An op whose names may have been pruned counts by its directory, whenever that was below.
        select case when min(a.op) <= min(p.op) then 0 else min(a.op) end as low,
            case when min(a.op) <= min(p.op) then thule_internal.present() else max(a.op) end as high
        from asked a
        cross join pruned p
    ), span as materialized (
        select s.ino, s.op_from, s.op_to
        from range r
        cross join lateral thule_internal.spans_among(array(select a.ino from asked a union select a.parent from asked a where a.parent is not null),
            r.low, r.high, dirs, array_fill(0::bigint, array[cardinality(dirs)]), array_fill(thule_internal.present(), array[cardinality(dirs)])) s
    )
    select a.op
    from asked a
    join span s on s.ino = a.ino and a.op between s.op_from and s.op_to
    union
    select a.op from asked a join span s on s.ino = a.parent;
end;
