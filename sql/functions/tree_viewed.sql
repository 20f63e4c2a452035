-- What a user may read of what is below an inode as it was once an op had happened: as thule.tree_at_op has it, but for what is in
-- directories that he may not list.
-- Parameters: top, an ino; at_op, an op (2^63-1: the present); viewer, as of thule.permits.
-- Returns: rows (path, inode, readable): the first two as of thule.tree_at_op; of what is not readable there is but that it is there.
-- Tables touched: those of thule.may_reach (read).
create function thule.tree_viewed(top bigint, at_op bigint, viewer bigint[]) returns table (path bytea, inode thule.inode, readable boolean)
language sql stable parallel safe rows 10000
begin atomic
    with recursive tree (path, inode, readable) as (
        select '.'::bytea, i, thule.may_reach(top, at_op, case when i.mode & 61440 = 16384 then 5 else 4 end, viewer)
        from thule.inode_at_op(top, at_op) i
        union all
        select t.path || '\x00'::bytea || e.name, i, thule.may_reach(i.ino, at_op,
            case i.mode & 61440 when 16384 then 5 when 32768 then 4 else 0 end, viewer)
        from tree t
        cross join lateral thule.entry_at_op((t.inode).ino, at_op) e
        cross join lateral thule.inode_at_op(e.ino, at_op) i
        where t.readable and (t.inode).mode & 61440 = 16384
    )
    select t.path, t.inode, t.readable from tree t order by t.path;
end;
