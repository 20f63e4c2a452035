-- Takes the locks on files away from sessions that are not connected any more.
-- Parameters: those that are looked at. Returns: whether there was one. Errors: none.
-- Tables touched: lock_session, cluster_lock (written); the caller has lock_queue.
create function thule_internal.lock_bury(suspects integer[]) returns boolean
language plpgsql
as $$
declare
    dead integer[] := array(select unnest(suspects) except select thule_internal.lock_sessions());
begin
    delete from thule.cluster_lock l where l.session = any (dead);
    delete from thule.lock_session s where s.session = any (dead);
    return cardinality(dead) > 0;
end
$$;
