-- Has the daemons of the mounts that may write publish a topic, and waits for that: at most three seconds, and not in a transaction that sees nothing newer
-- than its snapshot.
-- Parameters: topic, see thule_internal.live_topic. Returns: mounts that write, whose rows of thule.live_report are new then.
-- Tables touched: live_report, mount, lease (read).
-- To ask is to hold an advisory lock until the end of the transaction: others see that at once, and it needs neither privileges nor
-- a transaction that may write. The daemon looks for it every second (statements/live_asked.sql).
create function thule_internal.live_ask(topic text) returns setof bigint
language plpgsql volatile rows 1
as $$
declare
    key   constant integer := thule_internal.live_topic(topic);
    began constant timestamptz := clock_timestamp();
    asked boolean := false;
begin
    while current_setting('transaction_isolation') = 'read committed'
        and clock_timestamp() < began + interval '3 seconds'
        and exists (select from thule_internal.mounts_live() m
            where not exists (select from thule.live_report r where r.mount = m and r.topic = key and r.at >= began))
    loop
        asked := asked or pg_try_advisory_xact_lock_shared(thule_internal.lease_key(), key);
        perform pg_sleep(0.02);
    end loop;
    return query select * from thule_internal.mounts_live();
end
$$;
