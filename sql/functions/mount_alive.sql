-- Mounts whose daemon has the lease at this moment: none or one.
-- Parameters: none. Returns: ids of thule.mount.
-- Tables touched: mount (read).
create function thule.mount_alive() returns setof bigint
language sql stable rows 1
begin atomic
    select m.id
    from thule.mount m
    where m.ended_at is null
        and m.backend in (
            select l.pid from pg_locks l
            where l.locktype = 'advisory' and l.classid = 1953003884 and l.objid = 1 and l.granted
                and l.database = (select d.oid from pg_database d where d.datname = current_database()));
end;
