-- Where a file ($1) has no bytes from offset $2 on: at most $3 holes [lo, hi) that bytes follow, the first ones that have a
-- whole block of 4 KiB, and a row with the end of all its bytes and a null. A file without bytes has no row.
-- Extents do not overlap, so of those that begin before the offset only the last can reach past it (by order: see read_extents).
(
    select h.prev as lo, h.file_off as hi
    from (
        select e.file_off, lag(e.file_off + e.len, 1, $2::bigint) over (order by e.file_off) as prev
        from thule.extent e
        where e.ino = $1::bigint and e.file_off + e.len > $2::bigint
          and e.file_off >= coalesce((select p.file_off from thule.extent p
                                      where p.ino = $1::bigint and p.file_off <= $2::bigint order by p.file_off desc limit 1), 0)
    ) h
    where (h.prev + 4095) / 4096 < h.file_off / 4096
    order by h.file_off
    limit $3::bigint
)
union all
(
    select e.file_off + e.len, null
    from thule.extent e
    where e.ino = $1::bigint
    order by e.file_off desc
    limit 1
)
