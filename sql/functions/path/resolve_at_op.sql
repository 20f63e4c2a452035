-- The inode that a path named once an op had happened: through the symbolic links of then, but for the last name.
-- Parameters: path, absolute and escaped (thule_internal.path_names); at_op, an op (2^63-1: the present).
-- Returns: ino; null when there was no such path.
-- Errors: for a granted role those of thule_internal.resolve_seen.
-- Tables touched: those of thule_internal.walk_at_op (read).
create function thule.resolve_at_op(path text, at_op bigint) returns bigint
language sql stable parallel safe cost 500
return case when thule_internal.sees_tables() then (thule_internal.walk_at_op(path, at_op)).ino else thule_internal.resolve_seen(path, at_op) end;

comment on function thule.resolve_at_op(text, bigint) is
    'Inode that a path named once an op had happened, by the names and links of then; NULL: there was no such path. Example: select thule.resolve_at_op(''/a/b'', 1234);';
