-- Where a file ($1) had no bytes as of an op ($2), from offset $3 on: as read_holes, but all holes, and each row with the
-- size of then. A file that had no bytes from there on has one row of nulls and the size. No row: that was pruned.
with e as (
    select x.file_off, x.len from thule.extent x
    where x.ino = $1::bigint and x.op_from <= $2::bigint and x.file_off > $3::bigint - thule_internal.extent_max()
        and x.file_off + x.len > $3::bigint
    union all
    select x.file_off, x.len from thule.extent_history x
    where x.ino = $1::bigint and x.op_from <= $2::bigint and x.op_to > $2::bigint
        and x.file_off > $3::bigint - thule_internal.extent_max() and x.file_off + x.len > $3::bigint
), hole as (
    select h.prev as lo, h.file_off as hi
    from (
        select e.file_off, lag(e.file_off + e.len, 1, $3::bigint) over (order by e.file_off) as prev from e
    ) h
    where h.prev < h.file_off
    union all
    select max(e.file_off + e.len), null from e
)
select h.lo, h.hi, i.size
from thule_internal.inode_at_op($1::bigint, $2::bigint) i
cross join hole h
where thule_internal.is_kept($2::bigint)
order by h.hi
