-- The last path that a directory had, and from when to when it had it: for views, which show many names in few directories.
-- Parameters: ino, of a directory, or null.
-- Returns: one row: path, escaped, '' for the root, null when none leads there in thule_internal.max_depth() steps; depth, how many names it
--   has; op_from, op_to: as of ops from op_from on and before op_to (2^63-1: still) this was the path. As of other ops, and where
--   these are null, ask thule.path_at_op.
-- Tables touched: dirent, dirent_history (read).
-- The planner puts this body in place of a call, with a Memoize over each part of the path. So a statement works out the lower part
-- once for each directory and the upper one once for each checkpoint, some 16 of them; and where those are deep, what is above them is
-- looked up in one list of all (thule_internal.checkpoints). A listing takes some steps for each directory however deep they are in
-- each other; of a row that is not looked at, nothing is worked out.
-- What makes it choose that: a function in `from` is thought to cost nothing when it is called again, a sub-select costs what
-- is in it; ino should be a column of a sub-select of one row, which has one value as far as anybody can tell, whatever statistics say;
-- conditions on paths are tested above the outer joins, else they would be part of the key. The views have six tables in
-- their `from` with this; what they are joined with is planned together with them up to join_collapse_limit, 8 by default.
create function thule_internal.directory_span(ino bigint) returns table (path text, depth integer, op_from bigint, op_to bigint)
language sql stable parallel safe rows 1
begin atomic
    select case when a.depth + coalesce(b.depth, 0) <= thule_internal.max_depth() then case when a.above is null then '' else b.path end || a.path end,
        coalesce(a.depth, 0) + coalesce(b.depth, 0),
        case when a.above is null or b.op_from is not null then greatest(a.op_from, b.op_from) end,
        least(a.op_to, b.op_to)
    from (select (u.up).path, (u.up).above, (u.up).depth, (u.up).op_from, (u.up).op_to
        from (select thule_internal.path_up(ino, 1) as up offset 0) u offset 0) a
    left join lateral (select (u.deep).path || u.path as path, u.depth + (u.deep).depth as depth,
            case when u.op_from is not null and (u.deep).op_from is not null then greatest(u.op_from, (u.deep).op_from) end as op_from,
            least(u.op_to, (u.deep).op_to) as op_to
        from (select (v.up).path, (v.up).depth, (v.up).op_from, (v.up).op_to,
                thule_internal.path_above((v.up).above, case when (v.up).above is not null then (select thule_internal.checkpoints()) end) as deep
            from (select thule_internal.path_up(a.above, 64) as up offset 0) v offset 0) u offset 0) b on true;
end;
