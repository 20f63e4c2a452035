-- Whether a transaction asks the session that has the lease for the right to write (thule_internal.write_begin). The daemon calls it many times
-- a second.
-- Parameters: none. Returns: asked; moves, whether it is a mount's that is to take the lease over (thule_internal.lease_move).
-- Tables touched: lease (locked for a moment).
create function thule_internal.write_asked(out asked boolean, out moves boolean)
language plpgsql
as $$
begin
    lock table thule.lease in row share mode nowait;
    asked := false;
    moves := false;
exception when lock_not_available then
    asked := true;
    moves := exists (select from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where l.relation = 'thule.lease'::regclass and l.mode = 'ExclusiveLock' and l.granted and starts_with(a.application_name, 'thulefs '));
end
$$;
