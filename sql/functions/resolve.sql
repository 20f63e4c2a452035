-- The inode that a path names: through symbolic links, but for the last name.
-- Parameters: path, absolute and escaped (thule.path_names).
-- Returns: ino; null when there is no such path.
-- Tables touched: those of thule.walk_at_op (read).
create function thule.resolve(path text) returns bigint
language sql stable parallel safe cost 500
return thule.resolve_at_op(path, 9223372036854775807);

-- The same in the past, by the links of then. Parameters: at, system time.
-- Errors: also those of thule.kept_op. Tables touched: also op, superblock, snapshot (read).
create function thule.resolve(path text, at timestamptz) returns bigint
language sql stable strict parallel safe cost 1000
return thule.resolve_at_op(path, thule.kept_op(at));
