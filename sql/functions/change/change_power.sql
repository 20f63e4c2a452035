-- Takes power out of a plan that did not belong to what would have it: owner, set-id bits, security.capability and bytes of a file
-- come back together, or the bits and the capability do not. At the end of a plan, also with force.
-- Parameters: args: actor, who asks for it, with the columns of thule.actor; one of whom nothing is known counts as root.
--   undo: whether pg_temp.undo_op has the ops that are undone.
-- Returns: nothing; changes pg_temp.change_inode and change_xattr, adds to change_note.
-- Tables touched: inode, inode_history, xattr, xattr_history, extent, extent_history, op (read).
-- Who is not root gets back only what the owner could give: set-id bits of their own files, with their own group. A device that is
-- brought back for them is nobody's but root's. What a user at the door may is for thule_internal.undo_viewer.
create function thule_internal.change_power(args jsonb, undo boolean) returns void
language plpgsql
as $$
declare
    who       bigint := case when args ? 'viewer' then 0 else coalesce((args -> 'actor' ->> 'uid')::bigint, 0) end;
    who_group bigint := (args -> 'actor' ->> 'gid')::bigint;
begin
    perform thule_internal.change_power_files(who);
    if exists (select from pg_temp.change_power) then
        perform thule_internal.change_power_known();
        delete from pg_temp.change_power f
            where f.known and (who = 0
                or (f.uid = who and f.caps is null and (f.mode & 1024 = 0 or f.gid = who_group)));
        perform thule_internal.change_power_drop(undo);
    end if;
    if who <> 0 then
        perform thule_internal.change_power_devices();
    end if;
end
$$;
