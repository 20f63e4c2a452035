-- Returns how many bytes an extent and a blob have at most. Tables cannot ask it, so the constraints of schema/extent.sql and
-- schema/blob.sql have the number, too.
-- Tables touched: none.
create function thule_internal.extent_max() returns integer
language sql immutable parallel safe
return 131072;
