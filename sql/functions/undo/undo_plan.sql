-- What an undo would do, and what it would leave alone because someone else's later change stands on it.
-- Parameters: args, the selectors of thule_internal.undo_select, and force (boolean): what others did later to the same
--   things is taken back too, and what is in the way removed.
-- Returns: rows of thule_internal.change_plan. Errors: those of thule_internal.undo_prepare and, without force, of thule_internal.quota_check.
-- Tables touched: all of the filesystem's but blob (read).
-- sql/README.md says what undo means.
create function thule_internal.undo_plan(args jsonb) returns table (
    action text, path text, detail text, op bigint, conflict boolean, "by" text)
language plpgsql
set enable_seqscan = on
set enable_hashjoin = on
set enable_mergejoin = on
set enable_bitmapscan = on
set enable_sort = on
set plan_cache_mode = auto
set jit = off
as $$
#variable_conflict use_column
begin
    perform thule_internal.undo_prepare(args);
    perform thule_internal.quota_check_plan(case when thule_internal.viewer_of(args) is null then args else args - 'force' end);
    return query select * from thule_internal.change_plan(viewer => thule_internal.viewer_of(args));
end
$$;
