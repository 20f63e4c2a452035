-- thule.resolve_at_op for the user as whom the session asks.
-- Parameters: path, at_op: those of it. Returns: ino, or null. Errors: the path leads through a directory that the user may not search, or to what
--   is where that is so now (insufficient_privilege); those of thule_internal.session_sees. Tables touched: role, and those of thule_internal.resolve_as (read).
create function thule_internal.resolve_seen(path text, at_op bigint) returns bigint
language plpgsql stable parallel safe security definer cost 10000
as $$
declare
    viewer bigint[] := thule_internal.session_sees();
    found  bigint := thule_internal.resolve_as(path, at_op, viewer);
begin
    if found is not null then
        perform thule_internal.check_viewer(found, at_op, 0, viewer);
    end if;
    return found;
end
$$;
