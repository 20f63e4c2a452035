-- Lends the right to write to the transaction that asks for it: this session, which has the lease, shares its advisory lock from now on. It
-- has committed all that it acknowledged, and writes nothing until it has taken the right back (thule_internal.write_regain).
-- Parameters: none. Returns: nothing. Errors: not the holder of the lease (object_not_in_prerequisite_state).
-- Tables touched: lease (read).
create function thule_internal.write_lend() returns void
language plpgsql
as $$
declare
    held integer;
begin
    select e.key into held from thule.lease e;
    if not exists (select from pg_locks l
        where l.pid = pg_backend_pid() and l.locktype = 'advisory' and l.classid = thule_internal.lease_key() and l.objid = held::oid and l.objsubid = 2
            and l.granted and l.mode = 'ExclusiveLock'
            and l.database = (select d.oid from pg_database d where d.datname = current_database())) then
        raise exception using errcode = 'object_not_in_prerequisite_state', message = 'this session does not hold the lease of the filesystem';
    end if;
    perform pg_advisory_lock_shared(thule_internal.lease_key(), held);
    perform pg_advisory_unlock(thule_internal.lease_key(), held);
end
$$;
