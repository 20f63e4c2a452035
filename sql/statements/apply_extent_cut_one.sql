-- One row of apply_extent_cut.sql: what is cut is cut once, and at most two pieces of it are left. $1 file, $2 to $3 the range, $4 op.
with same as materialized (
    select e.ctid as place, e.file_off + e.len >= $3::bigint as whole from thule.extent e
    where e.ino = $1::bigint and e.file_off = $2::bigint
    order by e.op_from desc limit 1
), gone as (
    delete from thule.extent e
    where e.ctid = any (array(
        select s.place from same s where s.whole
        union all
        select h.ctid from thule.extent h
        where h.ino = $1::bigint and h.file_off < $3::bigint and h.file_off > $2::bigint - thule_internal.extent_max()
            and h.file_off + h.len > $2::bigint and not exists (select from same s where s.whole)
    ))
    returning e.ino, e.file_off, e.len, e.blob, e.blob_off, e.op_from
), ended as (
    insert into thule.extent_history (ino, file_off, len, blob, blob_off, op_from, op_to)
    select ino, greatest(file_off, $2::bigint), least(file_off + len, $3::bigint) - greatest(file_off, $2::bigint), blob,
           blob_off + greatest(file_off, $2::bigint) - file_off, op_from, $4::bigint
    from gone
    where coalesce(current_setting('thule.history', true), 'on') = 'on'
)
insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
select ino, file_off, $2::bigint - file_off, blob, blob_off, op_from from gone where file_off < $2::bigint
union all
select ino, $3::bigint, file_off + len - $3::bigint, blob, blob_off + $3::bigint - file_off, op_from
from gone where file_off + len > $3::bigint
