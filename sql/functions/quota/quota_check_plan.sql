-- Refuses a plan that thule_internal.quota_check would refuse once it is done: nothing of it would happen.
-- Parameters: args, of the request; force: quotas do not hold. The plan is in the tables of thule_internal.change_begin.
-- Returns: nothing. Errors: those of thule_internal.quota_check. Tables touched: those of thule_internal.quota_foresee and quota_usage (read).
create function thule_internal.quota_check_plan(args jsonb) returns void
language plpgsql
as $$
begin
    if not coalesce((args ->> 'force')::boolean, false) and exists (select from thule.quota) then
        perform thule_internal.quota_begin();
        perform thule_internal.quota_foresee();
        perform thule_internal.quota_check();
    end if;
end
$$;
