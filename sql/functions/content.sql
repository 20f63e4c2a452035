-- The content of a regular file, holes as zeros.
-- Parameters: path, absolute and escaped (thule.path_names).
-- Returns: bytea; null for what has no bytes, see thule.content_at_op. Errors: those of it.
-- Tables touched: dirent, dirent_history, inode, inode_history, extent, extent_history, blob (read).
create function thule.content(path text) returns bytea
language sql stable strict parallel safe cost 10000
return thule.content_at_op(path, 9223372036854775807);

-- The same in the past. Parameters: at, system time.
-- Errors: also those of thule.kept_op. Tables touched: also op, superblock, snapshot (read).
create function thule.content(path text, at timestamptz) returns bytea
language sql stable strict parallel safe cost 10000
return thule.content_at_op(path, thule.kept_op(at));
