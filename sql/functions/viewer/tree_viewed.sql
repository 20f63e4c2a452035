-- What a user may read of what is below an inode as it was once an op had happened: as thule_internal.tree_at_op has it, but for what is in
-- directories that he may not list.
-- Parameters: top, an ino; at_op, an op (2^63-1: the present); viewer, as of thule_internal.permits.
-- Returns: rows (path, inode, readable): the first two as of thule_internal.tree_at_op; of what is not readable there is but that it is there.
-- Tables touched: those of thule_internal.may_reach (read).
create function thule_internal.tree_viewed(top bigint, at_op bigint, viewer bigint[]) returns table (path bytea, inode thule.inode, readable boolean)
language sql stable parallel safe rows 10000
begin atomic
    with recursive tree (path, inode, readable) as (
        select '.'::bytea, i, thule_internal.may_reach(top, at_op, case when thule_internal.is_directory(i.mode) then 5 else 4 end, viewer)
        from thule_internal.inode_at_op(top, at_op) i
        union all
        select t.path || '\x00'::bytea || e.name, i, thule_internal.may_reach(i.ino, at_op,
            case when thule_internal.is_directory(i.mode) then 5 when thule_internal.is_file(i.mode) then 4 else 0 end, viewer)
        from tree t
        cross join lateral thule_internal.entry_at_op((t.inode).ino, at_op) e
        cross join lateral thule_internal.inode_at_op(e.ino, at_op) i
        where t.readable and thule_internal.is_directory((t.inode).mode)
    )
    select t.path, t.inode, t.readable from tree t order by t.path;
end;
