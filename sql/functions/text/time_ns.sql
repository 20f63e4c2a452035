-- Nanoseconds since the epoch of a timestamptz, exact.
-- Parameters: at. Returns: bigint; of times that it does not hold, infinity among them, the nearest that it does: comparisons stay true. Tables touched: none.
create function thule.time_ns(at timestamptz) returns bigint
language sql stable parallel safe
return case when at > timestamptz '2262-04-11 23:47:16+00' then 9223372036854775000 when at < timestamptz '1677-09-21 00:12:44+00' then -9223372036854775000
    else (extract(epoch from at) * 1000000)::bigint * 1000 end;

comment on function thule.time_ns(timestamptz) is
    'Nanoseconds since 1970 of a time, the reverse of thule.ns_time; from 1677 to 2262. Example: select ino from thule.inode where mtime_ns > thule.time_ns(now() - interval ''1 hour'');';
