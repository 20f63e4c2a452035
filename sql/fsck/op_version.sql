-- Ops that changed nothing: each one begins or ends a version of its inode, unless that was pruned or erased.
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
        and not exists (select from thule.inode i where i.ino = o.ino and i.op_from = o.op)
        and not exists (select from thule.inode_history h where h.ino = o.ino and h.op_from = o.op)
        and not exists (select from thule.inode_history h where h.ino = o.ino and h.op_to = o.op);
end;
