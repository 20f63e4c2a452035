-- The path of a directory once an op had happened, for views that show many rows of few directories: where a directory was moved since,
-- thule_internal.directory_span has only its last path.
-- Parameters: ino, of a directory; at_op, an op. Returns: one row, none for null: path, escaped, '' for the root; null when thule.path_at_op is.
-- Tables touched: dirent, dirent_history (read).
-- The planner puts this body in place of a call, in a sub-select as well, with a Memoize over each part: the turns of each directory are looked for
-- once in a statement, and its path once for each time between two of them. Where turns are not few, as of each op.
-- What makes it choose that: it expects a thousand rows of generate_series, whose end is no constant, and of each sub-select one row, which has one value as
-- far as it can tell. `one` refers to `n`, so that it is not joined first.
create function thule_internal.directory_path(ino bigint, at_op bigint) returns table (path text)
language sql stable parallel safe rows 1
begin atomic
    select rtrim(p.path, '/')
    from generate_series(1, (directory_path.ino > 0)::integer) n
    cross join lateral (select directory_path.ino, directory_path.at_op, n offset 0) one
    cross join lateral (select thule_internal.path_turns(one.ino) as ops offset 0) turns
    cross join lateral (select one.ino, coalesce(turns.ops[width_bucket(one.at_op, turns.ops)], one.at_op) as at_op offset 0) era
    cross join lateral (select thule.path_at_op(era.ino, era.at_op) as path offset 0) p;
end;
