-- The program of a change, as people are shown it: with a word where it is no proof.
-- Parameters: exe, exe_seen, exe_deleted, incomplete, as in thule.actor.
-- Returns: text; null for null. Tables touched: none.
create function thule_internal.exe_shown(exe text, exe_seen boolean, exe_deleted boolean, incomplete boolean) returns text
language sql immutable parallel safe
return exe || case
    when exe_deleted then ' (replaced)'
    when not exe_seen then ' (claimed)'
    when incomplete and exe = '' then '(not read)'
    else '' end;
