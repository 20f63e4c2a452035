-- thule.path_at_op for the user as whom the session asks.
-- Parameters: ino, at_op: those of it. Returns: the path; null also where the user may not list the directory that it is in, since numbers can be
--   tried one after the other. Errors: those of thule_internal.session_sees. Tables touched: role, and those of thule_internal.may_reach (read).
create function thule_internal.path_seen(ino bigint, at_op bigint) returns text
language plpgsql stable parallel safe security definer cost 10000
as $$
declare
    viewer bigint[] := thule_internal.session_sees();
begin
    return case when thule_internal.may_reach(ino, at_op, 0, viewer) then
        thule_internal.viewed_path(thule.path_at_op(ino, at_op), at_op, viewer, 5) end;
end
$$;
