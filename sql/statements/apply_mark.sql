-- How far the batch went: $1 mount, $2 last op, $3 first free inode number, $4 first free blob id (0: as it was).
-- Those who LISTEN to thule_change are told of its last op once it is committed. It only wakes them, thule.feed has
-- what happened, so it is left out where it could fail: the server's queue is full when a listener stays in one
-- transaction for long.
with m as (
    update thule.mount set last_op = greatest(last_op, $2::bigint) where id = $1::bigint
), s as (
    update thule.superblock
    set next_op = greatest(next_op, $2::bigint + 1), next_ino = greatest(next_ino, $3::bigint),
        next_blob = greatest(next_blob, $4::bigint)
)
select pg_notify('thule_change', ($2::bigint)::text) where $2::bigint > 0 and pg_notification_queue_usage() < 0.5
