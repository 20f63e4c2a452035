-- How far the batch went: $1 mount, $2 last op, $3 first free inode number, $4 first free blob id (0: as it was).
-- The last version of the superblock is found at the end of its index, however many there are that an old snapshot keeps. The row of a mount is
-- written only when another mount goes on (thule_internal.applied_op).
-- Those who LISTEN to thule_change are told of its last op once it is committed. It only wakes them, thule.feed has
-- what happened, so it is left out where it could fail: the server's queue is full when a listener stays in one
-- transaction for long.
with was as materialized (
    select s.next_op, s.mount, s.mount_op from thule.superblock s order by s.next_op desc limit 1
), m as (
    update thule.mount m set last_op = was.mount_op
    from was
    where m.id = was.mount and was.mount <> $1::bigint and m.last_op < was.mount_op
), s as (
    update thule.superblock s
    set next_op = greatest(s.next_op, $2::bigint + 1), next_ino = greatest(s.next_ino, $3::bigint),
        next_blob = greatest(s.next_blob, $4::bigint), mount = $1::bigint,
        mount_op = greatest(case when s.mount = $1::bigint then s.mount_op else 0 end, $2::bigint)
    from was
    where s.next_op >= was.next_op
)
select pg_notify('thule_change', ($2::bigint)::text) where $2::bigint > 0 and pg_notification_queue_usage() < 0.5
