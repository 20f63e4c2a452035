-- Nanoseconds since the epoch as timestamptz, rounded down to microseconds. Exact, unlike to_timestamp(), whose
-- double does not hold microseconds of today. (Multiplying an interval goes through a double as well, but whole
-- seconds and less than a second of microseconds fit in one.)
-- Parameters: ns. Returns: timestamptz. Tables touched: none.
create function thule.ns_time(ns bigint) returns timestamptz
language sql stable parallel safe
return timestamptz 'epoch' + ns / 1000000000 * interval '1 second'
    + case when ns < 0 then (ns % 1000000000 - 999) / 1000 else ns % 1000000000 / 1000 end * interval '1 microsecond';

comment on function thule.ns_time(bigint) is
    'Time of a number of nanoseconds since 1970, rounded down to microseconds. Example: select thule.ns_time(mtime_ns) from thule.inode;';
