-- Ends the transaction that has the right to write for too long, while changes on the mount wait: says so in its next call that writes; the
-- second time, and from then on, ends its session.
-- Parameters: none. Returns: what was done, for the log; null: nothing. Errors: none; a role that may not end that session is told.
-- Tables touched: those of thule.write_holder.
create function thule_internal.write_hurry() returns text
language plpgsql
as $$
declare
    who text := thule_internal.write_text();
    pid integer := (select w.pid from thule.write_holder() w);
begin
    if pid is null then
        return null;
    end if;
    if not exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = thule_internal.lease_key()
        and l.objid = thule_internal.hurry_key() and l.objsubid = 2 and l.granted and l.pid = pg_backend_pid()) then
        perform pg_advisory_lock_shared(thule_internal.lease_key(), thule_internal.hurry_key());
        return null;
    end if;
    if pg_terminate_backend(pid) then
        return format('ended %s, which had the right to write for longer than thule.write_limit (%s) while changes on the mount waited',
            who, thule_internal.write_limit());
    end if;
    return null;
exception when insufficient_privilege then
    return format('%s has the right to write for longer than thule.write_limit (%s) while changes on the mount wait; this role may not end it (pg_signal_backend)',
        who, thule_internal.write_limit());
end
$$;
