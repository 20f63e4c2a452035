-- The inode that a path named once an op had happened, for a user.
-- Parameters: path, absolute and escaped; at_op, an op; viewer, as of thule_internal.permits.
-- Returns: ino; null when there was no such path. Errors: the path leads through a directory that he may not search, whether or
--   not there is anything (insufficient_privilege).
-- Tables touched: those of thule_internal.walk_at_op (read).
create function thule_internal.resolve_as(path text, at_op bigint, viewer bigint[]) returns bigint
language sql stable parallel safe cost 10000
return (thule_internal.walk_at_op(path, at_op, viewer => viewer)).ino;
