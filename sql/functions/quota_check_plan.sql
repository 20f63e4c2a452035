-- Refuses a plan that thule.quota_check would refuse once it is done: nothing of it would happen.
-- Parameters: args, of the request; force: quotas do not hold. The plan is in the tables of thule.change_begin.
-- Returns: nothing. Errors: those of thule.quota_check. Tables touched: those of thule.quota_foresee and quota_usage (read).
create function thule.quota_check_plan(args jsonb) returns void
language plpgsql
as $$
begin
    if not coalesce((args ->> 'force')::boolean, false) and exists (select from thule.quota) then
        drop table if exists pg_temp.quota_before;
        create temp table quota_before on commit drop as select * from thule.quota_usage;
        perform thule.quota_foresee();
        perform thule.quota_check();
    end if;
end
$$;
