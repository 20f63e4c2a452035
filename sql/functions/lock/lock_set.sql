-- Takes, changes or releases a lock on a file, as fcntl(2) and flock(2) do.
-- Parameters: the session and the owner that ask; writes: exclusive, shared, or null to release; the bytes; the process; request: a number of the
--   session's own where it is to wait, then the call is repeated with it until something else than `waits` is returned; else null.
-- Returns: outcome: done, conflict, waits, circle (to wait would be for ever) or lost (the session has lost its locks); held: whether the owner has any lock
--   of that kind on the file. Errors: none.
-- Tables touched: cluster_lock, lock_session (written), lock_queue (locked). Notifies thule_lock of the inode where somebody may have waited for what is released.
create function thule_internal.lock_set(session integer, ino bigint, flock boolean, owner bigint, writes boolean, first_byte bigint, last_byte bigint, pid integer,
    request bigint, out outcome text, out held boolean)
language plpgsql
as $$
declare
    released boolean := false;
    others   integer[];
begin
    lock table thule.lock_queue in exclusive mode;
    if not exists (select from thule.lock_session s where s.session = lock_set.session) then
        outcome := 'lost';
        held := false;
        return;
    end if;
    -- Changing a lock of flock(2) gives up the one there is before it asks for the other.
    if flock and exists (select from thule.cluster_lock l where l.session = lock_set.session and l.ino = lock_set.ino and l.flock
        and l.owner = lock_set.owner and l.request is null and l.writes is distinct from lock_set.writes) then
        released := thule_internal.lock_cut(session, ino, flock, owner, null, first_byte, last_byte, pid);
    end if;
    loop
        others := array(select l.session from thule_internal.lock_conflict(session, ino, flock, owner, writes, first_byte, last_byte) l where lock_set.writes is not null);
        exit when cardinality(others) = 0 or not thule_internal.lock_bury(others);
    end loop;
    if cardinality(others) = 0 then
        outcome := 'done';
        released := thule_internal.lock_cut(session, ino, flock, owner, writes, first_byte, last_byte, pid) or released;
    elsif request is null then
        outcome := 'conflict';
    elsif not flock and thule_internal.lock_circle(session, ino, owner, writes, first_byte, last_byte) then
        outcome := 'circle';
    else
        outcome := 'waits';
    end if;
    if request is not null and outcome <> 'waits' then
        delete from thule.cluster_lock l where l.session = lock_set.session and l.request = lock_set.request;
    elsif outcome = 'waits' and not exists (select from thule.cluster_lock l where l.session = lock_set.session and l.request = lock_set.request) then
        insert into thule.cluster_lock (session, ino, flock, owner, writes, first_byte, last_byte, pid, request)
        values (session, ino, flock, owner, writes, first_byte, last_byte, pid, request);
    end if;
    if released and exists (select from thule.cluster_lock l where l.ino = lock_set.ino and l.flock = lock_set.flock and l.request is not null) then
        perform pg_notify('thule_lock', ino::text);
    end if;
    held := exists (select from thule.cluster_lock l where l.session = lock_set.session and l.ino = lock_set.ino and l.flock = lock_set.flock
        and l.owner = lock_set.owner and l.request is null);
end
$$;
