-- Returns whether an inode is a device node, of characters or of blocks.
-- Parameters: mode, a st_mode (inode(7)). Returns: null for null. Tables touched: none.
create function thule_internal.is_device(mode integer) returns boolean
language sql immutable parallel safe
return mode & 61440 in (8192, 24576);
