-- How long operations took, as of now: has the daemon publish it, and waits for that.
-- Parameters: none. Returns: rows of thule.live_latency of the mount that writes; older ones if its daemon does not answer within
--   three seconds, or if the transaction sees nothing newer than its snapshot.
-- Tables touched: live_latency, mount, lease (read).
-- To ask is to hold an advisory lock until the end of the transaction: others see that at once, and it needs neither privileges nor
-- a transaction that may write. The daemon looks for it every second (statements/live_asked.sql).
create function thule_internal.latency_fresh() returns setof thule.live_latency
language plpgsql volatile
as $$
declare
    began timestamptz := clock_timestamp();
    asked boolean := false;
begin
    while current_setting('transaction_isolation') = 'read committed'
        and clock_timestamp() < began + interval '3 seconds'
        and exists (select from thule_internal.mount_alive())
        and not exists (select from thule.live_latency l
            where l.at >= began and l.mount in (select thule_internal.mount_alive()))
    loop
        asked := asked or pg_try_advisory_xact_lock_shared(thule_internal.lease_key(), thule_internal.latency_key());
        perform pg_sleep(0.02);
    end loop;
    return query select l.* from thule.live_latency l where l.mount in (select thule_internal.mount_alive());
end
$$;
