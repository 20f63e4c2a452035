-- Takes the lease over for this session, from a mount that has it and commits before what it has acknowledged, or from nobody. It asks as a
-- transaction does that writes by SQL (thule_internal.write_begin): see sql/README.md, Locks.
-- Parameters: mount, of this session (0: it has no row yet); grace, how long to wait, where nobody has the lease, for a mount that did not end and may
--   have changes that are not here yet; only_free, from nobody.
-- Returns: whether this session has the lease; false: a session that is no mount's has it, or with only_free anybody. The caller commits or rolls back.
-- Errors: its daemon does not answer within thule.write_limit, and this role may not end its session (insufficient_privilege).
-- Tables touched: write_queue, lease (locked), lease, mount (written).
create function thule_internal.lease_move(mount bigint, grace interval, only_free boolean) returns boolean
language plpgsql
as $$
declare
    began   timestamptz := clock_timestamp();
    has     integer;
    lent    boolean;
    new_key integer;
begin
    lock table thule.write_queue in exclusive mode;
    loop
        perform pg_stat_clear_snapshot();
        select s.pid into has from thule_internal.lease_state() s;
        exit when has is not null or clock_timestamp() > began + grace;
        exit when not exists (select from thule.mount m where m.ended_at is null and not m.read_only and m.id <> lease_move.mount
            and m.id not in (select thule_internal.mounts_live()));
        perform pg_sleep(0.02);
    end loop;
    if has = pg_backend_pid() then
        return true;
    elsif has is not null and (only_free or not exists (select from thule.mount m where m.backend = has and m.ended_at is null)) then
        return false;
    end if;
    lock table thule.lease in exclusive mode;
    began := clock_timestamp();
    loop
        perform pg_stat_clear_snapshot();
        select s.pid, s.lent into has, lent from thule_internal.lease_state() s;
        exit when has is null or lent;
        if clock_timestamp() > began + thule_internal.write_limit() then
            perform thule_internal.lease_end(has);
        end if;
        perform pg_sleep(case when clock_timestamp() < began + interval '0.2 s' then 0.001 else 0.01 end);
    end loop;
    loop
        new_key := 16 + floor(random() * 2147483631)::integer;
        exit when pg_try_advisory_lock(thule_internal.lease_key(), new_key);
    end loop;
    update thule.lease set key = new_key;
    -- Who had it before and has gone has lost what is not here.
    update thule.mount m set ended_at = now()
        where has is null and m.ended_at is null and not m.read_only and m.id <> lease_move.mount and m.id not in (select thule_internal.mounts_live());
    update thule.mount m set ended_at = null where m.id = lease_move.mount and m.ended_at is not null;
    return true;
end
$$;
