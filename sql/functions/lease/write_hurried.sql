-- Whether the session with the lease wants the right to write back at once (thule_internal.write_hurry).
-- Parameters: none. Returns: boolean. Tables touched: none.
-- Where nobody has the lock that says so, nothing else is looked at: a long transaction asks at each function.
create function thule_internal.write_hurried() returns boolean
language plpgsql
as $$
begin
    if pg_try_advisory_lock(thule_internal.lease_key(), thule_internal.hurry_key()) then
        perform pg_advisory_unlock(thule_internal.lease_key(), thule_internal.hurry_key());
        return false;
    end if;
    perform pg_stat_clear_snapshot();               -- else who has connected since is not seen
    return exists (select
        from pg_locks l
        join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'advisory' and l.classid = thule_internal.lease_key() and l.objid = thule_internal.hurry_key() and l.objsubid = 2
            and l.granted and l.database = (select d.oid from pg_database d where d.datname = current_database())
            and exists (select from pg_roles r
                where pg_has_role(a.usesysid, r.oid, 'member') and has_table_privilege(r.oid, 'thule.superblock'::regclass, 'update')));
end
$$;
