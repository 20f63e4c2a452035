-- How far the batch went: $1 mount, $2 last op, $3 first free inode number, $4 first free blob id (0: as it was).
-- The last version of the superblock is found at the end of its index, however many there are that an old snapshot keeps.
update thule.superblock s
set next_op = greatest(s.next_op, $2::bigint + 1), next_ino = greatest(s.next_ino, $3::bigint),
    next_blob = greatest(s.next_blob, $4::bigint), mount = $1::bigint,
    mount_op = greatest(case when s.mount = $1::bigint then s.mount_op else 0 end, $2::bigint)
where s.ctid = (select p.ctid from thule.superblock p order by p.next_op desc limit 1)
