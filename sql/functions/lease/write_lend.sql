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
    if thule.lease_holder() is distinct from pg_backend_pid() then
        raise exception using errcode = 'object_not_in_prerequisite_state', message = 'this session does not hold the lease of the filesystem';
    end if;
    select e.key into held from thule.lease e;
    perform pg_advisory_lock_shared(thule_internal.lease_key(), held);
    perform pg_advisory_unlock(thule_internal.lease_key(), held);
end
$$;
