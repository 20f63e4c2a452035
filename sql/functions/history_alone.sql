-- Makes the caller's transaction the only one that deletes from the past or refers to it anew, until it ends: see
-- sql/README.md.
-- Parameters: none. Returns: nothing. Errors: a transaction that would not see what those who had the lock before it did
--   (invalid_transaction_state).
-- Tables touched: none.
create function thule.history_alone() returns void
language plpgsql
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception using errcode = 'invalid_transaction_state',
            message = 'what deletes history runs in read committed transactions only';
    end if;
    perform pg_advisory_xact_lock(1953003884, 2);
end
$$;
