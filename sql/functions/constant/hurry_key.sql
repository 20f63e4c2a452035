-- Returns the second key of the advisory lock that says that a transaction has had the right to write for long enough; the first is that of
-- leases, whose keys are larger.
-- Tables touched: none.
create function thule_internal.hurry_key() returns integer
language sql immutable parallel safe
return 0;
