-- Locks on a file that are in the way of another one.
-- Parameters: the session and owner of that one, whether it is one of flock(2), whether it is exclusive, and its bytes. Returns: rows of cluster_lock.
--   Errors: none. Tables touched: cluster_lock (read).
create function thule_internal.lock_conflict(session integer, ino bigint, flock boolean, owner bigint, writes boolean, first_byte bigint, last_byte bigint)
returns setof thule.cluster_lock
language sql stable rows 1
begin atomic
    select l.*
    from thule.cluster_lock l
    where l.ino = lock_conflict.ino and l.flock = lock_conflict.flock and l.request is null
        and (l.session <> lock_conflict.session or l.owner <> lock_conflict.owner)
        and (l.writes or lock_conflict.writes)
        and l.first_byte <= lock_conflict.last_byte and l.last_byte >= lock_conflict.first_byte;
end;
