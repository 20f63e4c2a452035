-- The inode that a path names. Follows no symbolic links.
-- Parameters: path, absolute and escaped (thule.path_names).
-- Returns: ino; null when there is no such path.
-- Tables touched: dirent, dirent_history (read).
create function thule.resolve(path text) returns bigint
language sql stable strict parallel safe cost 500
return thule.resolve_at_op(path, 9223372036854775807);

-- The same in the past. Parameters: at, system time.
-- Errors: also those of thule.kept_op. Tables touched: also op, superblock, snapshot (read).
create function thule.resolve(path text, at timestamptz) returns bigint
language sql stable strict parallel safe cost 1000
return thule.resolve_at_op(path, thule.kept_op(at));
