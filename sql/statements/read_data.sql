-- The bytes of a file ($1) that lie in [$2, $3), in pieces: where each is in the file, and the bytes, in order.
select greatest(e.file_off, $2::bigint) as off,
       substr(b.data, (e.blob_off + greatest($2::bigint - e.file_off, 0) + 1)::integer,
              (least(e.file_off + e.len, $3::bigint) - greatest(e.file_off, $2::bigint))::integer)
from thule.extent e
cross join lateral (select p.data from thule.blob p where p.id = e.blob offset 0) b
where e.ino = $1::bigint and e.file_off < $3::bigint and e.file_off > $2::bigint - thule_internal.extent_max()
  and e.file_off + e.len > $2::bigint
order by e.file_off
