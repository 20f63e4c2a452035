-- Nanoseconds since the epoch of a timestamptz, exact.
-- Parameters: at. Returns: bigint. Tables touched: none.
create function thule.time_ns(at timestamptz) returns bigint
language sql stable parallel safe
return (extract(epoch from at) * 1000000)::bigint * 1000;

comment on function thule.time_ns(timestamptz) is
    'Nanoseconds since 1970 of a time, the reverse of thule.ns_time. Example: select ino from thule.inode where mtime_ns > thule.time_ns(now() - interval ''1 hour'');';
