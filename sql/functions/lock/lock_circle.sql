-- Whether somebody waits for a lock of fcntl(2) in a circle: who is in the way waits for one, and so on, for one of whoever asks.
-- Parameters: as those of lock_conflict. Returns: whether that is so. Errors: none. Tables touched: cluster_lock (read).
create function thule_internal.lock_circle(session integer, ino bigint, owner bigint, writes boolean, first_byte bigint, last_byte bigint) returns boolean
language sql stable
begin atomic
    with recursive blocker (session, owner) as (
        select l.session, l.owner
        from thule_internal.lock_conflict(lock_circle.session, lock_circle.ino, false, lock_circle.owner, lock_circle.writes, lock_circle.first_byte,
            lock_circle.last_byte) l
        union
        select l.session, l.owner
        from blocker b
        join thule.cluster_lock w on w.session = b.session and w.owner = b.owner and w.request is not null and not w.flock
        cross join lateral thule_internal.lock_conflict(w.session, w.ino, false, w.owner, w.writes, w.first_byte, w.last_byte) l
    )
    select exists (select from blocker b where b.session = lock_circle.session and b.owner = lock_circle.owner);
end;
