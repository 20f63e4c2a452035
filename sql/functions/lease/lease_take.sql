-- Takes the lease for this session, until the session ends.
-- Parameters: none. Returns: whether it has it now; false: another session has it.
--   Errors: others take it at the same time and do not finish (lock_not_available).
-- Tables touched: lease (written).
-- The key is new, and nobody can hold it already who does not guess it: the row lets one session at a time look and
-- take, and to get at the row needs privileges.
create function thule_internal.lease_take() returns boolean
language plpgsql
set lock_timeout = '10s'
as $$
declare
    new_key integer;
begin
    if thule.lease_holder() <> pg_backend_pid() then
        return false;
    end if;
    perform from thule.lease e for update;
    if thule.lease_holder() is not null then
        return thule.lease_holder() = pg_backend_pid();
    end if;
    loop
        new_key := 2 + floor(random() * 2147483645)::integer;
        exit when pg_try_advisory_lock(thule_internal.lease_key(), new_key);
    end loop;
    update thule.lease e set key = new_key;
    return true;
end
$$;
