-- The session that has the lease: it holds the advisory lock, and its role may write the filesystem. Whoever merely
-- connects to the database can hold the lock as well; that means nothing.
-- Parameters: none. Returns: its process in the server; null when nobody has it.
-- Tables touched: lease (read).
create function thule.lease_holder() returns integer
language sql stable
begin atomic
    select l.pid
    from pg_locks l
    join thule.lease e on l.objid = e.key::oid
    join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.classid = thule_internal.lease_key() and l.objsubid = 2 and l.granted
        and l.database = (select d.oid from pg_database d where d.datname = current_database())
        -- Also by a role that it has to change to before it may.
        and exists (select from pg_roles r
            where pg_has_role(a.usesysid, r.oid, 'member') and has_table_privilege(r.oid, 'thule.superblock'::regclass, 'update'))
    limit 1;
end;

comment on function thule.lease_holder() is
    'Server process (pg_stat_activity.pid) of the session that may write the filesystem; NULL: nobody has it mounted for writing. Example: select thule.lease_holder();';
