-- How far the batch went: $1 mount, $2 last op, $3 first free inode number, $4 first free blob id (0: as it was).
with m as (
    update thule.mount set last_op = greatest(last_op, $2::bigint) where id = $1::bigint
)
update thule.superblock
set next_op = greatest(next_op, $2::bigint + 1), next_ino = greatest(next_ino, $3::bigint),
    next_blob = greatest(next_blob, $4::bigint)
