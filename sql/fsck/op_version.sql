-- Ops that changed nothing: each one begins or ends a version of its inode, unless that was pruned or erased.
-- (offset 0: all versions are read once. By the index of inodes, each op would look at all versions of its inode.)
create function thule_internal.fsck_op_version() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'op_version' as check_id, 'error' as severity, o.ino,
        format('op %s neither begins nor ends a version of the inode', o.op) as detail,
        o.op, 'none: what the op changed is lost, and the log is not rewritten' as repair
    from thule.op o
    left join thule.pruned_inode p on p.ino = o.ino
    where o.op > coalesce(p.op, 0)
        and o.op > (select max(s.pruned_op) from thule.superblock s)
        and not exists (
            select from (
                select ino, op_from as op from thule.inode
                union all
                select ino, op_from from thule.inode_history
                union all
                select ino, op_to from thule.inode_history
                offset 0
            ) v
            where v.ino = o.ino and v.op = o.op);
end;
