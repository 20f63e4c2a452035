-- Nanoseconds since the epoch of a timestamptz, exact.
-- Parameters: at. Returns: bigint. Tables touched: none.
create function thule.time_ns(at timestamptz) returns bigint
language sql stable parallel safe
return (extract(epoch from at) * 1000000)::bigint * 1000;
