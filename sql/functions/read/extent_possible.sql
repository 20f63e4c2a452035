-- Whether an extent can be where it is; checks against others must not add up what cannot be.
-- Parameters: file_off and len of the extent. Returns: boolean. Tables touched: none.
create function thule_internal.extent_possible(file_off bigint, len bigint) returns boolean
language sql immutable parallel safe
return case when len between 1 and thule_internal.extent_max() then file_off between 0 and 9223372036854771712 - len else false end;
