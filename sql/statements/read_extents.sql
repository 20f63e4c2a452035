-- The pieces of blobs that a file ($1) has in [$2, $3): at most $4 of them, the first ones, cut to the range; and
-- since which op.
-- Extents do not overlap, so of those that begin before the range only the last can reach into it. It is asked for by order: of max() the planner,
-- which expects few extents of a file, would make a walk over all that are before.
select greatest(e.file_off, $2::bigint) as off,
       least(e.file_off + e.len, $3::bigint) - greatest(e.file_off, $2::bigint) as len,
       e.blob, e.blob_off + greatest($2::bigint - e.file_off, 0) as blob_off,
       e.op_from
from thule.extent e
where e.ino = $1::bigint and e.file_off < $3::bigint and e.file_off + e.len > $2::bigint
  and e.file_off >= coalesce((select p.file_off from thule.extent p
                              where p.ino = $1::bigint and p.file_off <= $2::bigint order by p.file_off desc limit 1), 0)
order by e.file_off
limit $4::bigint
