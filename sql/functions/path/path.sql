-- The path of an inode. Of several hard links the oldest name.
-- Parameters: ino.
-- Returns: text, escaped; '/' for the root; null when it has no name.
-- Tables touched: dirent, dirent_history (read).
create function thule.path(ino bigint) returns text
language sql stable strict parallel safe cost 1000
return thule.path_at_op(ino, thule_internal.present());

comment on function thule.path(bigint) is
    'Path of an inode now, of several hard links the oldest; NULL: it has no name. Example: select thule.path(42);';

-- The same in the past. Parameters: at, system time.
-- Errors: also those of thule_internal.kept_op. Tables touched: also op, superblock, snapshot (read).
create function thule.path(ino bigint, at timestamptz) returns text
language sql stable strict parallel safe cost 2000
return thule.path_at_op(ino, thule_internal.kept_op(at));

comment on function thule.path(bigint, timestamptz) is
    'Path of an inode at a time of the past, of several hard links the oldest; NULL: it had no name then. Example: select thule.path(42, ''2024-05-01 12:00'');';
