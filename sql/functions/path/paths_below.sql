-- The paths of all that is below a directory once an op had happened.
-- Parameters: path of the directory, escaped; ino of it; at_op, an op (2^63-1: the present).
-- Returns: paths, escaped, in no order. Errors: it goes deeper than thule_internal.max_depth() (program_limit_exceeded).
-- Tables touched: dirent, dirent_history (read).
create function thule_internal.paths_below(path text, ino bigint, at_op bigint) returns setof text
language sql stable parallel safe rows 1000
begin atomic
    with recursive tree (path, ino, depth) as (
        select path, ino, 0
        union all
        select t.path || '/' || thule.escape_name(e.name), e.ino, t.depth + 1
        from tree t
        cross join lateral thule_internal.entry_at_op(t.ino, at_op) e
        where t.depth < thule_internal.max_depth() or thule_internal.too_deep(e.ino)
    )
    select t.path from tree t where t.depth > 0;
end;
