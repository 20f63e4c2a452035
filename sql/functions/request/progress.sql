-- Tells how far a long function is: who called it may ask for messages of level debug1, and others see it in pg_stat_activity as the
-- end of application_name, also before the transaction ends.
-- Parameters: percent, from 1 to 100, roughly.
-- Tables touched: none.
create function thule_internal.progress(percent integer) returns void
language plpgsql
as $$
begin
    perform set_config('application_name', regexp_replace(current_setting('application_name'), E' \\d+%$', '') || format(' %s%%', percent), true);
    raise debug 'thule progress %', percent;
end
$$;
