-- Whether a file is a user's own: it belongs to him now or, if it is gone, it did when it went.
-- Parameters: ino; viewer, as of thule_internal.permits. Returns: boolean. Tables touched: inode, inode_history (read).
create function thule_internal.is_own(ino bigint, viewer bigint[]) returns boolean
language sql stable parallel safe cost 500
begin atomic
    select viewer is null or coalesce(coalesce(
        (select i.uid from thule.inode i where i.ino = is_own.ino),
        (select h.uid from thule.inode_history h where h.ino = is_own.ino order by h.op_from desc limit 1)) = viewer[1], false);
end;
