-- Returns the bits that chmod(2) sets: permissions, set-id bits and the sticky bit.
-- Parameters: mode, a st_mode (inode(7)). Returns: null for null. Tables touched: none.
create function thule_internal.permission_bits(mode integer) returns integer
language sql immutable parallel safe
return mode & 4095;
