-- An inode as it was once an op had happened.
-- Parameters: ino; at_op, an op (2^63-1: the present).
-- Returns: one row of thule.inode, or none when there was no such inode.
-- Tables touched: inode, inode_history (read).
-- Versions of one inode do not overlap, so of those that ended only the last that began by then is looked at.
-- Not strict, so that the planner can put its body in place of a call.
create function thule_internal.inode_at_op(ino bigint, at_op bigint) returns setof thule.inode
language sql stable parallel safe rows 1
begin atomic
    select v.* from thule.inode v where v.ino = inode_at_op.ino and v.op_from <= at_op
    union all
    select h.*
    from (
        select v.* from thule.inode_history v where v.ino = inode_at_op.ino and v.op_from <= at_op
        order by v.op_from desc limit 1
    ) h
    where h.op_to > at_op;
end;
