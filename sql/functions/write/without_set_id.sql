-- A mode without what giving a file away, and writing to it, takes from it: fs/op/setid.c. Members of the group keep a set-group-id bit that does
-- not let the group execute it.
-- Parameters: mode; gid, of the file; viewer, as of thule_internal.session_viewer. Returns: mode. Tables touched: none.
create function thule_internal.without_set_id(mode integer, gid bigint, viewer bigint[]) returns integer
language sql immutable parallel safe
return case
    when thule_internal.is_directory(mode) then mode
    when mode & 8 <> 0 or viewer[1] <> 0 and gid <> all (viewer[2:]) then mode & ~3072
    else mode & ~2048 end;

-- The same where somebody writes to it: root takes nothing away.
create function thule_internal.set_id_written(mode integer, gid bigint, viewer bigint[]) returns integer
language sql immutable parallel safe
return case when viewer[1] <> 0 then thule_internal.without_set_id(mode, gid, viewer) else mode end;
