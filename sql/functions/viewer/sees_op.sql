-- Whether the log shows a user an op: those that were done to his own files, and those by which other files took their names.
-- Parameters: op; viewer, as of thule_internal.permits. Returns: boolean.
-- Tables touched: op, inode, inode_history, dirent_history (read).
create function thule_internal.sees_op(op bigint, viewer bigint[]) returns boolean
language sql stable parallel safe cost 1000
begin atomic
    select viewer is null or exists (
        select from thule.op o
        where o.op = sees_op.op
            and (thule_internal.is_own(o.ino, viewer)
                or o.new_name is not null and exists (
                    select from thule.dirent_history d
                    where d.parent = o.new_parent and d.name = o.new_name and d.op_to = o.op and thule_internal.is_own(d.ino, viewer))));
end;
