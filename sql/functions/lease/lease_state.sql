-- Who has the lease, and whether the right to write is lent: the session holds the advisory lock, alone or as a mount, and its role may write the filesystem.
-- Whoever merely connects to the database can hold the lock as well; that means nothing.
-- Parameters: none. Returns: no row, or one: pid, its process in the server; lent, it writes nothing until it has the lock for itself again
--   (thule_internal.write_lend). Tables touched: lease, mount (read).
-- It is asked some times in each hand-over, and planning this takes ten times as long as doing it: so it is PL/pgSQL, which plans it once in a session.
create function thule_internal.lease_state(out pid integer, out lent boolean) returns setof record
language plpgsql stable rows 1
as $$
#variable_conflict use_column
begin
    return query select l.pid, l.mode <> 'ExclusiveLock'
        from pg_locks l
        join thule.lease e on l.objid = e.key::oid
        join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'advisory' and l.classid = thule_internal.lease_key() and l.objsubid = 2 and l.granted
            and l.database = (select d.oid from pg_database d where d.datname = current_database())
            and thule_internal.role_may_write(a.usesysid)
            -- Others may share it, too, such as a transaction that writes by SQL where nothing is mounted (thule_internal.write_free).
            and (l.mode = 'ExclusiveLock' or exists (select from thule.mount m where m.backend = l.pid and m.ended_at is null))
        order by l.mode = 'ExclusiveLock' desc
        limit 1;
end
$$;
