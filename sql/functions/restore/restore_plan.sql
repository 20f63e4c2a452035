-- What a restore would do.
-- Parameters: args, those of thule_internal.restore_prepare.
-- Returns: rows of thule_internal.change_plan. Errors: those of thule_internal.restore_prepare and, without force, of thule_internal.quota_check.
-- Tables touched: all of the filesystem's but blob (read).
create function thule_internal.restore_plan(args jsonb) returns table (
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
    perform thule_internal.restore_prepare(args);
    perform thule_internal.quota_check_plan(args);
    return query select * from thule_internal.change_plan();
end
$$;
