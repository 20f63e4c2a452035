-- Returns an offset or number that none is beyond.
-- Tables touched: none.
create function thule_internal.no_limit() returns bigint
language sql immutable parallel safe
return 9223372036854775807;
