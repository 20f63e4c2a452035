-- Waits no longer for a lock on a file, or ends with all of them.
-- Parameters: the session; the number of the request that waits, or null: the session ends. Returns: nothing. Errors: none.
-- Tables touched: cluster_lock, lock_session (written), lock_queue (locked).
create function thule_internal.lock_leave(session integer, request bigint) returns void
language plpgsql
as $$
begin
    lock table thule.lock_queue in exclusive mode;
    delete from thule.cluster_lock l where l.session = lock_leave.session and (lock_leave.request is null or l.request = lock_leave.request);
    delete from thule.lock_session s where s.session = lock_leave.session and lock_leave.request is null;
    perform pg_notify('thule_lock', '') where lock_leave.request is null;
end
$$;
