-- What differs between the states after two ops; see thule.diff for what the rows say. With the later one first it is the
-- way back: what was added is removed.
-- Parameters: from_op, to_op: ops; top: a path, only what is at or below it, or moved there or away (null: everything).
-- Returns: rows, by path.
-- Tables touched: actor, op, and those of thule_internal.diff_part (read).
-- Many ops are worth a second process: each takes the inodes of one part, and sorts its rows. In SQL and without settings, so
-- that the planner puts the body in place of the call, and rows stream through it; it needs the ops to be none of a subquery's.
create function thule_internal.diff_ops(from_op bigint, to_op bigint, top text) returns table (change text, path text,
    old_path text, kind text, what text[], ino bigint, old_size bigint, new_size bigint, op bigint, at timestamptz,
    uid bigint, username text, pid integer, exe text, cmdline text)
language sql stable parallel safe cost 100000 rows 10000
begin atomic
    select r.change, coalesce(r.new_path, r.old_path), case when r.change = 'renamed' then r.old_path end,
        thule.mode_kind(r.mode), r.what, r.ino, r.old_size, r.new_size, r.op, r.at, a.uid, a.username, a.pid, a.exe,
        a.cmdline
    from (
        select case when from_op <= to_op then f.change when f.change = 'added' then 'removed' when f.change = 'removed' then 'added'
                else f.change end as change,
            f.what, f.ino, f.mode, case when from_op <= to_op then f.old_path else f.new_path end as old_path,
            case when from_op <= to_op then f.new_path else f.old_path end as new_path,
            case when from_op <= to_op then f.old_size else f.new_size end as old_size,
            case when from_op <= to_op then f.new_size else f.old_size end as new_size, f.op, f.at, f.actor
        from (
            select * from thule_internal.diff_few(least(from_op, to_op), greatest(from_op, to_op))
            where abs(to_op - from_op) <= thule_internal.many_ops()
            union all
            select * from thule_internal.diff_many(least(from_op, to_op), greatest(from_op, to_op), 0,
                thule_internal.diff_middle(least(from_op, to_op), greatest(from_op, to_op)))
            where abs(to_op - from_op) > thule_internal.many_ops()
            union all
            select * from thule_internal.diff_many(least(from_op, to_op), greatest(from_op, to_op),
                thule_internal.diff_middle(least(from_op, to_op), greatest(from_op, to_op)), thule_internal.no_limit())
            where abs(to_op - from_op) > thule_internal.many_ops()
        ) f
    ) r
    left join lateral (
        select a.uid, a.username, a.pid, a.exe, a.cmdline from thule.actor a where a.id = r.actor offset 0
    ) a on true
    -- The path is walked in either tree, once.
    where top is null
        or r.new_path = (select w.place from thule_internal.walk_at_op(top, to_op) w)
        or r.old_path = (select w.place from thule_internal.walk_at_op(top, from_op) w)
        or starts_with(r.new_path, (select w.place || '/' from thule_internal.walk_at_op(top, to_op) w))
        or starts_with(r.old_path, (select w.place || '/' from thule_internal.walk_at_op(top, from_op) w))
        -- A directory above it that is not what it was.
        or r.change <> 'modified' and thule_internal.is_directory(r.mode)
            and (starts_with((select w.place from thule_internal.walk_at_op(top, to_op) w), r.new_path || '/')
                or starts_with((select w.place from thule_internal.walk_at_op(top, from_op) w), r.old_path || '/'))
    order by coalesce(r.new_path, r.old_path) collate "C";
end;
