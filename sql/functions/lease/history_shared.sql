-- Keeps what deletes from the past (thule_internal.history_alone) from beginning until the caller's transaction ends; to be called
-- before it looks for what it will refer to.
-- Parameters: none. Returns: nothing. Errors: that is at work for a minute already (lock_not_available).
-- Tables touched: history_lock.
create function thule_internal.history_shared() returns void
language plpgsql
set lock_timeout = '60s'
as $$
begin
    lock table thule.history_lock in share mode;
end
$$;
