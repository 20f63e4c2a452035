-- Returns the second key of the advisory lock that says that somebody asks what the daemon tells only then; the first is that of leases, whose
-- keys are larger. enum live_topic of the program has the same numbers.
-- Parameters: name: latency, report or descriptors. Tables touched: none.
create function thule_internal.live_topic(name text) returns integer
language sql immutable parallel safe
return case name when 'latency' then 1 when 'report' then 2 when 'descriptors' then 3 end;
