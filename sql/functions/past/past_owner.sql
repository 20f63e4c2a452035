-- Whose a version of an inode is, for mounts that show the past to owners alone (-o past=owner).
-- Parameters: ino; at_op, an op; reading: what is in it is wanted, and not only that it is there.
-- Returns: the uid that owned it then and owns it now, or did when it went; 0 where these are two, or nothing is known. Null where
--   everybody is asked as ever: it is as it was, or it is a directory that there is and only looked through.
-- Tables touched: inode, inode_history (read).
-- In PL/pgSQL for the reason of thule_internal.is_kept.
create function thule_internal.past_owner(ino bigint, at_op bigint, reading boolean) returns bigint
language plpgsql stable parallel safe cost 500
as $$
begin
    if exists (select from thule.inode i
        where i.ino = past_owner.ino and i.nlink > 0
            and (i.op_from <= at_op or (not reading and thule_internal.is_directory(i.mode)))) then
        return null;
    end if;
    return coalesce((
        select t.uid from thule_internal.inode_at_op(past_owner.ino, at_op) t
        where t.uid = coalesce((select i.uid from thule.inode i where i.ino = past_owner.ino limit 1),
            (select h.uid from thule.inode_history h where h.ino = past_owner.ino order by h.op_from desc limit 1))), 0);
end
$$;
