-- Returns whether an inode is a symbolic link.
-- Parameters: mode, a st_mode (inode(7)). Returns: null for null. Tables touched: none.
create function thule_internal.is_symlink(mode integer) returns boolean
language sql immutable parallel safe
return mode & 61440 = 40960;
