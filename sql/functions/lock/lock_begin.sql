-- Begins a session that takes locks on files, or goes on with one that was lost.
-- Parameters: the mount; the session that was lost, or null. Returns: session, its number, and kept, whether the locks of the lost one are this
--   session's now. They are not where somebody has taken one that conflicts with them, or the server has crashed.
--   Errors: none of its own. Tables touched: lock_session, cluster_lock (written), lock_queue (locked).
-- The server may take the lost session for alive, as after a network that went silent; then it is ended. Nobody waits for an advisory lock, which any
-- role can hold: who holds this one for long has the locks count as lost.
create function thule_internal.lock_begin(mount bigint, lost integer, out session integer, out kept boolean)
language plpgsql
as $$
begin
    kept := false;
    if exists (select from thule.lock_session s where s.session = lost) then
        for i in 1..100 loop
            kept := pg_try_advisory_lock(thule_internal.lease_key(), lost);
            exit when kept;
            perform pg_terminate_backend(l.pid)
            from pg_locks l
            join pg_stat_activity a on a.pid = l.pid
            where l.locktype = 'advisory' and l.classid = thule_internal.lease_key() and l.objid = lost::oid and l.objsubid = 2 and l.granted
                and l.database = (select d.oid from pg_database d where d.datname = current_database()) and a.usename = current_user;
            perform pg_sleep(0.05);
        end loop;
    end if;
    lock table thule.lock_queue in exclusive mode;
    kept := kept and exists (select from thule.lock_session s where s.session = lost);
    if kept then
        session := lost;
        delete from thule.cluster_lock l where l.session = lost and l.request is not null;
        return;
    end if;
    loop
        session := 16 + floor(random() * 2147483631)::integer;
        continue when exists (select from thule.lock_session s where s.session = lock_begin.session);
        exit when pg_try_advisory_lock(thule_internal.lease_key(), session);
    end loop;
    insert into thule.lock_session (session, mount) values (session, mount);
    -- Of daemons that were killed, and of this one.
    perform thule_internal.lock_bury(array(
        select s.session from thule.lock_session s
        where s.session = lost or exists (select from thule.mount m where m.id = s.mount and m.ended_at is not null)));
end
$$;
