-- Nanoseconds since the epoch as timestamptz, rounded down to microseconds. Exact, unlike to_timestamp(), whose
-- double does not hold microseconds of today.
-- Parameters: ns. Returns: timestamptz. Tables touched: none.
create function thule.ns_time(ns bigint) returns timestamptz
language sql stable parallel safe
return timestamptz 'epoch' + (case when ns < 0 then (ns - 999) / 1000 else ns / 1000 end) * interval '1 microsecond';
