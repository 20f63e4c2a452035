-- Returns the number of the kind `write` in thule.op_kind, for what is asked once for each extent, where looking there would cost more
-- than the rest.
-- Tables touched: none.
create function thule_internal.write_kind() returns smallint
language sql immutable parallel safe
return 10::smallint;
