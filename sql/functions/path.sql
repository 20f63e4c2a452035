-- The path of an inode. Of several hard links the oldest name.
-- Parameters: ino.
-- Returns: text, escaped; '/' for the root; null when it has no name.
-- Tables touched: dirent, dirent_history (read).
create function thule.path(ino bigint) returns text
language sql stable strict parallel safe cost 1000
return thule.path_at_op(ino, 9223372036854775807);

-- The same in the past. Parameters: at, system time.
-- Errors: also those of thule.kept_op. Tables touched: also op, superblock, snapshot (read).
create function thule.path(ino bigint, at timestamptz) returns text
language sql stable strict parallel safe cost 2000
return thule.path_at_op(ino, thule.kept_op(at));
