-- Returns the second key of the advisory lock that says that somebody wants to see latencies; the first is that of leases, whose
-- keys are larger.
-- Tables touched: none.
create function thule_internal.latency_key() returns integer
language sql immutable parallel safe
return 1;
