-- Makes the caller's transaction the only one that deletes from the past or refers to it anew, until it ends: see
-- sql/README.md.
-- Parameters: none. Returns: nothing. Errors: a transaction that would not see what those who had the lock before it did
--   (invalid_transaction_state), others do so for a minute already (lock_not_available).
-- Tables touched: history_lock.
create function thule_internal.history_alone() returns void
language plpgsql
set lock_timeout = '60s'
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception using errcode = 'invalid_transaction_state',
            message = 'history is deleted in read committed transactions only, and this one is not',
            hint = 'Begin the transaction with `begin isolation level read committed`.';
    end if;
    lock table thule.history_lock in exclusive mode;
end
$$;
