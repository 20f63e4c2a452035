-- Refuses what a user may not ask about an inode.
-- Parameters: ino; at_op, an op; want, as of thule_internal.may_reach, for that he must be able to reach it so; or null: it must be his own, and
--   readable; viewer, as of thule_internal.permits.
-- Returns: true. Errors: he may not (insufficient_privilege).
-- Tables touched: those of thule_internal.may_reach (read).
create function thule_internal.check_viewer(ino bigint, at_op bigint, want integer, viewer bigint[]) returns boolean
language plpgsql stable parallel safe cost 10000
as $$
begin
    if viewer is null then
        return true;
    end if;
    if want is null and not thule_internal.is_own(ino, viewer) then
        raise exception using errcode = 'insufficient_privilege', message = 'this file is not yours',
            hint = 'Through the mount, users see who changed their own files.';
    end if;
    if not thule_internal.may_reach(ino, at_op, coalesce(want, 4), viewer) then
        raise exception using errcode = 'insufficient_privilege',
            message = 'you may not read this, as it was then or as it is now',
            hint = 'Ask its owner, or root.';
    end if;
    return true;
end
$$;
