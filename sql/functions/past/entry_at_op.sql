-- The names in a directory as they were once an op had happened.
-- Parameters: parent, the directory's ino; at_op, an op (2^63-1: the present).
-- Returns: rows of thule.dirent, in no order.
-- Tables touched: dirent, dirent_history (read).
-- Not strict, so that the planner can put its body in place of a call.
create function thule_internal.entry_at_op(parent bigint, at_op bigint) returns setof thule.dirent
language sql stable parallel safe rows 100
begin atomic
    select d.* from thule.dirent d where d.parent = entry_at_op.parent and d.op_from <= at_op
    union all
    select d.* from thule.dirent_history d
    where d.parent = entry_at_op.parent and d.op_from <= at_op and d.op_to > at_op;
end;
