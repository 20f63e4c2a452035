-- Whether an inode has other extended attributes after one op than after another.
-- Parameters: ino; from_op, to_op: ops, from_op <= to_op.
-- Returns: boolean.
-- Tables touched: xattr, xattr_history (read).
create function thule_internal.xattr_differs(ino bigint, from_op bigint, to_op bigint) returns boolean
language sql stable strict parallel safe cost 1000
return exists (
    select from (
        select x.name, x.value, 1 as side from thule.xattr x
        where x.ino = xattr_differs.ino and x.op_from > xattr_differs.from_op and x.op_from <= xattr_differs.to_op
        union all
        select x.name, x.value, case when x.op_from <= xattr_differs.from_op then -1 else 1 end
        from thule.xattr_history x
        where x.ino = xattr_differs.ino and x.op_to > xattr_differs.from_op and x.op_from <= xattr_differs.to_op
            and (x.op_from <= xattr_differs.from_op) <> (x.op_to > xattr_differs.to_op)
    ) v
    group by v.name, v.value
    having sum(v.side) <> 0
);
