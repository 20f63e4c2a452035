-- The number of a device as ls(1) and /proc/devices write it, from what the kernel passes (new_encode_dev).
-- Parameters: rdev. Returns: text, MAJOR:MINOR; null for null. Tables touched: none.
create function thule_internal.device_text(rdev bigint) returns text
language sql immutable parallel safe
return (rdev >> 8 & 4095)::text || ':' || (rdev & 255 | (rdev >> 12 & 1048320))::text;
