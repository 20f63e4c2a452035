-- Returns as many zero bytes as an extent or blob has at most.
-- Tables touched: none.
create function thule_internal.zeros() returns bytea
language sql immutable parallel safe
return substr(decode(repeat('A', (thule_internal.extent_max() + 2) / 3 * 4), 'base64'), 1, thule_internal.extent_max());
