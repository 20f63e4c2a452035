-- Returns the keys that settings can have: thule_internal.config_set says what each means.
-- Tables touched: none.
create function thule_internal.config_keys() returns text[]
language sql immutable parallel safe
return array['retention'];
