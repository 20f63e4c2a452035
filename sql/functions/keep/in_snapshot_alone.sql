-- Whether an inode is gone, and a snapshot has it.
-- Parameters: ino. Returns: one row if so, else none. Tables touched: inode, inode_history, snapshot (read).
create function thule_internal.in_snapshot_alone(ino bigint) returns setof boolean
language sql stable parallel safe rows 1
begin atomic
    select true
    where not exists (select from thule.inode i where i.ino = in_snapshot_alone.ino)
        and exists (
            select from thule.inode_history k join thule.snapshot s on s.op >= k.op_from and s.op < k.op_to
            where k.ino = in_snapshot_alone.ino);
end;
