-- thule tar: where a file ($1) had bytes as of an op ($2), in order: ranges from lo to hi, exclusive, in whole blocks of 4 KiB
-- (GNU tar begins each range of a sparse file with a record of its own), between which there are holes; for $3: a user at the
-- door, or null. A file without bytes has no row.
with e as (
    select x.file_off / 4096 * 4096 as lo, (x.file_off + x.len + 4095) / 4096 * 4096 as hi from thule.extent x
    where x.ino = $1::bigint and x.op_from <= $2::bigint
    union all
    select x.file_off / 4096 * 4096, (x.file_off + x.len + 4095) / 4096 * 4096 from thule.extent_history x
    where x.ino = $1::bigint and x.op_from <= $2::bigint and x.op_to > $2::bigint
), marked as (
    select e.lo, e.hi, e.lo > lag(e.hi, 1, e.lo) over (order by e.lo, e.hi) as is_first from e
), numbered as (
    select m.lo, m.hi, count(*) filter (where m.is_first) over (order by m.lo, m.hi) as n from marked m
)
select min(r.lo) as lo, max(r.hi) as hi
from numbered r
where thule_internal.check_viewer($1::bigint, $2::bigint, 4, $3::bigint[])
group by r.n
order by 1
