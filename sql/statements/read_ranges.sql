-- The bytes of ranges of files ($1, $2, $3: inode, begin and end of each), range by range, each in pieces in order: the
-- place of the range among them, where the piece is in its file, and the bytes.
select u.place, greatest(e.file_off, u.lo) as off,
       substr(b.data, (e.blob_off + greatest(u.lo - e.file_off, 0) + 1)::integer,
              (least(e.file_off + e.len, u.hi) - greatest(e.file_off, u.lo))::integer)
from unnest($1::bigint[], $2::bigint[], $3::bigint[]) with ordinality u(ino, lo, hi, place)
cross join lateral (
    select x.file_off, x.len, x.blob, x.blob_off
    from thule.extent x
    where x.ino = u.ino and x.file_off < u.hi and x.file_off > u.lo - thule_internal.extent_max() and x.file_off + x.len > u.lo
    offset 0
) e
cross join lateral (select p.data from thule.blob p where p.id = e.blob offset 0) b
order by u.place, e.file_off
