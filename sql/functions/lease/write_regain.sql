-- Takes the right to write back that thule_internal.write_lend() lent, when the transaction has ended that had it: waits for that by the lock of
-- thule.lease, so whoever waits is woken at once, and is the next to have it.
-- Parameters: none. Returns: whether it is back, or was already; false: another mount has taken the lease over (thule_internal.lease_move).
--   Errors: not the holder of the lease (object_not_in_prerequisite_state).
-- Tables touched: lease (locked; written where a role that may not write holds the advisory lock, too).
create function thule_internal.write_regain() returns boolean
language plpgsql
as $$
declare
    held    integer;
    mine    integer;
    alone   boolean;
    new_key integer;
begin
    lock table thule.lease in row share mode;
    select e.key into held from thule.lease e;
    select l.objid::bigint::integer, l.mode = 'ExclusiveLock' into mine, alone from pg_locks l
        where l.pid = pg_backend_pid() and l.locktype = 'advisory' and l.classid = thule_internal.lease_key() and l.objsubid = 2 and l.granted
        order by l.objid = held::oid desc, l.mode = 'ExclusiveLock' desc limit 1;
    if mine <> held then
        perform pg_advisory_unlock_shared(thule_internal.lease_key(), mine);
        return false;
    elsif mine is null then
        raise exception using errcode = 'object_not_in_prerequisite_state', message = 'this session does not hold the lease of the filesystem';
    elsif alone then
        return true;
    end if;
    if not pg_try_advisory_lock(thule_internal.lease_key(), held) then
        loop
            new_key := 2 + floor(random() * 2147483645)::integer;
            exit when pg_try_advisory_lock(thule_internal.lease_key(), new_key);
        end loop;
        update thule.lease set key = new_key;
    end if;
    perform pg_advisory_unlock_shared(thule_internal.lease_key(), held);
    return true;
end
$$;
