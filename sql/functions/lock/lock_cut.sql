-- Replaces what an owner has of a range of a file: by a lock, or by none. Ranges are split, and merged with others of the same kind, as fcntl(2) does.
-- Parameters: as those of lock_set; writes null: none. Returns: whether something was there that others may have waited for.
--   Errors: none. Tables touched: cluster_lock (written); the caller has lock_queue.
create function thule_internal.lock_cut(session integer, ino bigint, flock boolean, owner bigint, writes boolean, first_byte bigint, last_byte bigint, pid integer)
returns boolean
language sql
begin atomic
    with gone as (
        -- Also those that end where this one begins.
        delete from thule.cluster_lock l
        where l.session = lock_cut.session and l.ino = lock_cut.ino and l.flock = lock_cut.flock and l.owner = lock_cut.owner and l.request is null
            and l.first_byte - 1 <= lock_cut.last_byte and l.last_byte >= lock_cut.first_byte - 1
        returning l.writes, l.first_byte, l.last_byte, l.pid
    ), pieces as (
        select g.writes, g.first_byte, least(g.last_byte, lock_cut.first_byte - 1) as last_byte, g.pid
        from gone g
        where g.writes is distinct from lock_cut.writes and g.first_byte < lock_cut.first_byte
        union all
        select g.writes, greatest(g.first_byte - 1, lock_cut.last_byte) + 1, g.last_byte, g.pid
        from gone g
        where g.writes is distinct from lock_cut.writes and g.last_byte > lock_cut.last_byte
        union all
        select lock_cut.writes, least(lock_cut.first_byte, min(g.first_byte)), greatest(lock_cut.last_byte, max(g.last_byte)), lock_cut.pid
        from (select) one
        left join gone g on g.writes = lock_cut.writes
        where lock_cut.writes is not null
        group by ()
        having lock_cut.writes is not null
    ), made as (
        insert into thule.cluster_lock (session, ino, flock, owner, writes, first_byte, last_byte, pid)
        select lock_cut.session, lock_cut.ino, lock_cut.flock, lock_cut.owner, p.writes, p.first_byte, p.last_byte, p.pid
        from pieces p
    )
    select exists (select from gone g where g.writes is distinct from lock_cut.writes);
end;
