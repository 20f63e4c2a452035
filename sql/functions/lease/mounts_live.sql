-- Mounts that may write and whose daemon has a session at this moment: the one with the lease, and those that follow it.
-- Parameters: none. Returns: ids of thule.mount. Tables touched: mount (read).
-- A daemon names its session when it has the lease, or knows that it follows, and not while it looks what became of a lost one.
create function thule_internal.mounts_live() returns setof bigint
language plpgsql stable rows 2
as $$
begin
    return query select m.id
        from thule.mount m
        join pg_stat_activity a on a.pid = m.backend and a.datname = current_database()
        where m.ended_at is null and not m.read_only and m.source <> 'sql';
end
$$;
