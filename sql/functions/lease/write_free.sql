-- Takes the right to write for the caller's transaction where nothing is mounted and no session has the lease: then nobody is to be asked for it.
-- Parameters: none. Returns: whether the transaction has it; false: thule_internal.write_claim is to ask and wait. Also of a transaction of one snapshot,
--   which may not see a mount that is there. Tables touched: mount (read), write_queue, lease (locked).
-- The lease is the advisory lock, held by one session alone; who may share it finds that nobody has it. That asks no other session's locks: pg_locks copies
-- all there are, and would be a sixth of what a transaction of one op costs. Who takes the lease later waits for thule.lease, and draws another key.
create function thule_internal.write_free() returns boolean
language plpgsql
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed'
        or exists (select from thule.mount m where m.ended_at is null and not m.read_only) then
        return false;
    end if;
    lock table thule.write_queue, thule.lease in exclusive mode;
    return (select pg_try_advisory_xact_lock_shared(thule_internal.lease_key(), e.key) from thule.lease e);
end
$$;
