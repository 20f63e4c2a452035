-- The last path that a directory had, and from when to when it had it: for views, which show many names in few directories.
-- Parameters: ino, of a directory, or null.
-- Returns: one row: path, escaped, '' for the root, null when none leads there in thule.max_depth() steps; depth, how many names it
--   has; op_from, op_to: as of ops from op_from on and before op_to (2^63-1: still) this was the path. As of other ops, and where
--   these are null, ask thule.path_at_op.
-- Tables touched: dirent, dirent_history (read).
-- The planner puts this body in place of a call, with a Memoize over each part of the path. So a statement works out the first part
-- once for each directory, the next for every 8th of them, every 64th and every 512th, and a listing takes some steps for each
-- directory however deep they are in each other; of a row that is not looked at, nothing is worked out.
-- What makes it choose that: a function in `from` is thought to cost nothing when it is called again, a sub-select costs what
-- is in it; ino should be a column of a sub-select of one row, which has one value as far as anybody can tell, whatever statistics say;
-- the views have no more in their `from`, with this, than join_collapse_limit, 8 by default; and conditions on paths are
-- tested above the outer joins, else they would be part of the key.
create function thule.directory_span(ino bigint) returns table (path text, depth bigint, op_from bigint, op_to bigint)
language sql stable parallel safe rows 1
begin atomic
    select case when a.depth + coalesce(b.depth, 0) + coalesce(c.depth, 0) + coalesce(d.depth, 0) <= thule.max_depth() then
            case when c.above is null then '' else d.path end || case when b.above is null then '' else c.path end
                || case when a.above is null then '' else b.path end || a.path
        end,
        coalesce(a.depth, 0) + coalesce(b.depth, 0) + coalesce(c.depth, 0) + coalesce(d.depth, 0),
        case when (a.above is null or b.op_from is not null) and (b.above is null or c.op_from is not null)
            and (c.above is null or d.op_from is not null) then greatest(a.op_from, b.op_from, c.op_from, d.op_from) end,
        least(a.op_to, b.op_to, c.op_to, d.op_to)
    from (select (u.up).path, (u.up).above, (u.up).depth, (u.up).op_from, (u.up).op_to
        from (select thule.path_up(ino, 8) as up offset 0) u offset 0) a
    left join lateral (select (u.up).path, (u.up).above, (u.up).depth, (u.up).op_from, (u.up).op_to
        from (select thule.path_up(a.above, 64) as up offset 0) u offset 0) b on true
    left join lateral (select (u.up).path, (u.up).above, (u.up).depth, (u.up).op_from, (u.up).op_to
        from (select thule.path_up(b.above, 512) as up offset 0) u offset 0) c on true
    left join lateral (select (u.up).path, (u.up).depth, (u.up).op_from, (u.up).op_to
        from (select thule.path_up(c.above, 1099511627776) as up offset 0) u offset 0) d on true;
end;
