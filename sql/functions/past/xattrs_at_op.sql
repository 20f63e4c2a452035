-- Extended attributes of an inode as they were once an op had happened.
-- Parameters: ino; at_op, an op (2^63-1: the present).
-- Returns: rows (name, value), bytes.
-- Tables touched: xattr, xattr_history (read).
create function thule_internal.xattrs_at_op(ino bigint, at_op bigint) returns table (name bytea, value bytea)
language sql stable parallel safe rows 3
begin atomic
    select x.name, x.value from thule.xattr x where x.ino = xattrs_at_op.ino and x.op_from <= at_op
    union all
    select x.name, x.value from thule.xattr_history x
    where x.ino = xattrs_at_op.ino and x.op_from <= at_op and x.op_to > at_op;
end;
