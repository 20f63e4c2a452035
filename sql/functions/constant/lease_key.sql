-- Returns the first key of the advisory lock that is the lease: "thul".
-- Tables touched: none.
create function thule_internal.lease_key() returns integer
language sql immutable parallel safe
return 1953003884;
