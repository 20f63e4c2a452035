-- Ranges of files end. What the present has there goes to the history, cut to the range; what is left of a
-- cut extent stays, with the op that wrote it. The ranges of one file do not overlap.
-- Mostly an extent that begins with the range covers it, as where pages are written again: then there is no other in it, and its living row is
-- the last of its key, however many dead ones an old snapshot keeps. Else what reaches into the range is looked for: an extent is at most
-- thule_internal.extent_max() bytes long, which bounds the part of the index to look at.
with cut as (
    select c.ino, c.lo, c.hi, c.op, x.place, x.file_off, x.len, x.blob, x.blob_off, x.op_from, coalesce(x.file_off + x.len >= c.hi, false) as whole
    from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as c (ino, lo, hi, op)
    left join lateral (
        select e.ctid as place, e.file_off, e.len, e.blob, e.blob_off, e.op_from from thule.extent e
        where e.ino = c.ino and e.file_off = c.lo
        order by e.op_from desc limit 1
    ) x on true
), hit as (
    select c.place, c.ino, c.file_off, c.len, c.blob, c.blob_off, c.op_from, c.lo, c.hi, c.op
    from cut c
    where c.whole
    union all
    select e.place, c.ino, e.file_off, e.len, e.blob, e.blob_off, e.op_from, c.lo, c.hi, c.op
    from cut c
    cross join lateral (
        select x.ctid as place, x.file_off, x.len, x.blob, x.blob_off, x.op_from from thule.extent x
        where x.ino = c.ino and x.file_off < c.hi and x.file_off > c.lo - thule_internal.extent_max() and x.file_off + x.len > c.lo
        offset 0
    ) e
    where not c.whole
), ended as (
    insert into thule.extent_history (ino, file_off, len, blob, blob_off, op_from, op_to)
    select ino, greatest(file_off, lo), least(file_off + len, hi) - greatest(file_off, lo), blob,
           blob_off + greatest(file_off, lo) - file_off, op_from, op
    from hit
    where coalesce(current_setting('thule.history', true), 'on') = 'on'
), whole as (
    select place, ino, file_off, len, blob, blob_off, op_from, range_agg(int8range(lo, hi)) as cuts
    from hit
    group by place, ino, file_off, len, blob, blob_off, op_from
), gone as (
    delete from thule.extent e using whole w where e.ctid = w.place
    returning w.*
)
insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
select ino, lower(r), upper(r) - lower(r), blob, blob_off + lower(r) - file_off, op_from
from gone, unnest(int8multirange(int8range(file_off, file_off + len)) - cuts) as r
