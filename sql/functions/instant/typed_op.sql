-- The op in an instant that people typed as op:N.
-- Parameters: t. Returns: N, which need not be an op of the log; null for whatever else is typed.
-- Tables touched: none.
create function thule_internal.typed_op(t text) returns numeric
language sql immutable strict parallel safe
return substring(t from '^\s*op:(\d+)\s*$')::numeric;
