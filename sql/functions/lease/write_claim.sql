-- Waits for the right to write, until the caller's transaction has it: see thule_internal.write_begin.
-- Parameters: none. Returns: nothing. Errors: those of thule_internal.write_begin.
-- Tables touched: write_queue, lease (locked), mount, and those of write_snapshot (read).
create function thule_internal.write_claim() returns void
language plpgsql
as $$
declare
    began    constant timestamptz := clock_timestamp();
    mine     constant integer := pg_backend_pid();
    single   constant boolean := current_setting('transaction_isolation') <> 'read committed';
    -- 0 is for ever, which is a minute here.
    patience constant interval := coalesce(nullif(current_setting('lock_timeout')::interval, interval '0'), interval '1 minute');
    has      integer;
    free     boolean;
    away     text;
    circle   boolean;
begin
    lock table thule.write_queue in exclusive mode;
    loop
        perform pg_stat_clear_snapshot();
        exit when not exists (select from thule.mount m where m.ended_at is null and not m.read_only) or exists (select from thule_internal.lease_state());
        select format('%s on host %s', m.mountpoint, m.host) into away from thule.mount m
            where m.ended_at is null and not m.read_only and m.id not in (select thule_internal.mounts_live()) order by m.id desc limit 1;
        exit when not found;
        if clock_timestamp() > began + least(interval '5 s', patience) then
            perform thule_internal.fail('EBUSY',
                format('the mount at %s has no connection to the database, and may have changes that are not here yet', away),
                'Try again when it has its connection back, or is mounted again after a crash: its changes come first.');
        end if;
        perform pg_sleep(0.02);
    end loop;
    lock table thule.lease in exclusive mode;
    if single then
        perform thule_internal.write_snapshot(false);
    end if;
    perform pg_stat_clear_snapshot();
    loop
        select s.pid, s.lent or s.pid = mine into has, free from thule_internal.lease_state() s;
        -- The mount is in line, so that whoever comes after this transaction finds done there what it leaves to do.
        exit when has is null or has = mine or free and exists (select from pg_locks l
            where l.pid = has and l.relation = 'thule.lease'::regclass and not l.granted);
        if clock_timestamp() > began + patience then
            perform thule_internal.fail('EBUSY',
                format('the session with the lease (pid %s, see thule.mount.backend) has not let go of the right to write within %s', has, patience),
                'It may be stopped, or perform a long undo, restore or erase: try again later.');
        end if;
        circle := clock_timestamp() > began + interval '0.2 s' and mine = any (pg_blocking_pids(has));
        -- It may have lent the right since, and wait for this transaction as it should.
        if circle and not exists (select from thule_internal.lease_state() s where s.lent) then
            perform thule_internal.fail('EDEADLK',
                'the mount waits for a lock that this transaction has, and cannot commit what it acknowledged',
                'Change files first, or do not lock tables or rows of the schema thule.');
        end if;
        -- Not by waiting for the advisory lock: whoever else waits for that would be in the way, and a cancel that comes as lock_timeout does is lost.
        perform pg_sleep(case when clock_timestamp() < began + interval '0.2 s' then 0.001 else 0.01 end);
    end loop;
    if single then
        perform thule_internal.write_snapshot(true);
    end if;
    if has is null and exists (select from thule.mount m where m.ended_at is null and not m.read_only
        and m.id not in (select thule_internal.mounts_live())) then
        perform thule_internal.fail('EBUSY', 'the mount has lost its connection to the database just now', 'Try again when it is there again.');
    end if;
end
$$;
