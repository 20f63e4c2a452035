-- The last op before a time, after which what was done since then begins.
-- Parameters: since, system time, or null. Returns: op; 0 for null, and for what is before all ops. Tables touched: those of thule.op_at (read).
-- What is long before any clock is as good as the beginning, and a microsecond before it may be no time any more.
create function thule_internal.op_since(since timestamptz) returns bigint
language sql stable parallel safe
return thule.op_at(greatest(since, timestamptz '1900-01-01 00:00:00+00') - interval '1 microsecond');
