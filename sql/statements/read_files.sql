-- The bytes of several files ($1, inode numbers) up to an offset ($2), file by file in the order of $1, each in pieces
-- in order.
-- An extent begins before the offset, or has nothing there: those that are asked for are small, so $2 bounds a surprise.
select e.ino, e.file_off as off,
       case when e.blob_off = 0 and e.len = octet_length(b.data) then b.data else substr(b.data, (e.blob_off + 1)::integer, e.len::integer) end
from unnest($1::bigint[]) with ordinality u(ino, place)
cross join lateral (
    select x.ino, x.file_off, x.len, x.blob, x.blob_off
    from thule.extent x
    where x.ino = u.ino and x.file_off < $2::bigint
    order by x.file_off
    offset 0
) e
cross join lateral (select p.data from thule.blob p where p.id = e.blob offset 0) b
order by u.place, e.file_off
