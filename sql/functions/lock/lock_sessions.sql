-- Sessions that may hold locks on files: each holds the advisory lock with its number as the second key, and its role may take such locks.
-- Whoever merely connects can hold that lock as well, which means nothing.
-- Parameters: none. Returns: keys of lock_session. Tables touched: none but the system's.
create function thule_internal.lock_sessions() returns setof integer
language sql stable rows 4
begin atomic
    select l.objid::bigint::integer
    from pg_locks l
    join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.classid = thule_internal.lease_key() and l.objsubid = 2 and l.granted
        and l.database = (select d.oid from pg_database d where d.datname = current_database())
        and exists (select from pg_roles r
            where pg_has_role(a.usesysid, r.oid, 'member') and has_table_privilege(r.oid, 'thule.cluster_lock'::regclass, 'insert'));
end;
