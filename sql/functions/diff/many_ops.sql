-- How many ops are still few for thule_internal.diff_ops. The setting is for tests.
-- Returns: a number of ops. Tables touched: none.
create function thule_internal.many_ops() returns bigint
language sql stable parallel safe
return coalesce(nullif(current_setting('thule.many_ops', true), ''), '50000')::bigint;
