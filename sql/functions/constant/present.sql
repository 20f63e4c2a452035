-- Returns op_to of a version that has not ended; as an op, the present: none is later. Tables cannot ask it, so the defaults in
-- schema/ have the number, too.
-- Tables touched: none.
create function thule_internal.present() returns bigint
language sql immutable parallel safe
return 9223372036854775807;
