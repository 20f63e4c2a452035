-- Walks a path that somebody gave to a command: from the directory where the kernel's part of it ends, or, where that was not there
-- then, by its name of today.
-- Parameters: path, as from the root; start, the inode of that directory, or null; rest, the names from there, in bytes; the
--   others as of thule_internal.walk_at_op.
-- Returns, errors: those of thule_internal.walk_at_op. Tables touched: those of thule_internal.walk_at_op (read).
create function thule_internal.walk_typed(path text, at_op bigint, follow boolean, viewer bigint[], start bigint, top bigint, rest bytea,
    home bytea[]) returns table (ino bigint, place text, outside bytea, problem text)
language sql stable parallel safe rows 1
begin atomic
    select w.*
    from (select case when start is not null then thule.path_at_op(start, at_op) is not null else false end) s (was_there)
    cross join lateral thule_internal.walk_at_op(case when s.was_there then '/' || thule.escape_name(rest) else path end, at_op, follow,
        viewer, case when s.was_there then start else 1 end, coalesce(top, 1), home) w;
end;
