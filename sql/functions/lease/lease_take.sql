-- Takes the lease for this session, until the session ends.
-- Parameters: none. Returns: whether it has it now; false: another session has it.
--   Errors: others take it at the same time, or write files by SQL, and do not finish (lock_not_available).
-- Tables touched: lease (written).
-- The key is new, and nobody can hold it already who does not guess it: the row lets one session at a time look and
-- take, and to get at the row needs privileges. Its table is also what a transaction locks that writes by SQL (write_begin).
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
    begin
        perform from thule.lease e for update;
    exception when lock_not_available then
        raise exception using errcode = 'lock_not_available',
            message = coalesce(thule_internal.write_text(), 'another session') || ' has the right to write the filesystem, and has not ended within 10 s',
            hint = 'Try again when it has ended, or end it with pg_terminate_backend().';
    end;
    if thule.lease_holder() is not null then
        return thule.lease_holder() = pg_backend_pid();
    end if;
    loop
        new_key := 16 + floor(random() * 2147483631)::integer;
        exit when pg_try_advisory_lock(thule_internal.lease_key(), new_key);
    end loop;
    update thule.lease set key = new_key;
    return true;
end
$$;
