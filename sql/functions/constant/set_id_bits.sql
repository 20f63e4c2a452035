-- Returns the set-user-id and set-group-id bits of a mode where it has them.
-- Parameters: mode, a st_mode (inode(7)). Returns: null for null. Tables touched: none.
create function thule_internal.set_id_bits(mode integer) returns integer
language sql immutable parallel safe
return mode & 3072;
