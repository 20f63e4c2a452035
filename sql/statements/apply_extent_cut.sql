-- Ranges of files end. What the present has there goes to the history, cut to the range; what is left of a
-- cut extent stays, with the op that wrote it. The ranges of one file do not overlap.
-- An extent is at most 131072 bytes long: that bounds the part of the index to look at.
with cut as (
    select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[])
                  as c (ino, lo, hi, op, at)
), hit as (
    select e.ino, e.file_off, e.len, e.blob, e.blob_off, e.op_from, e.valid_from, c.lo, c.hi, c.op, c.at
    from cut c
    join thule.extent e on e.ino = c.ino and e.file_off < c.hi and e.file_off > c.lo - 131072
                       and e.file_off + e.len > c.lo
), ended as (
    insert into thule.extent_history (ino, file_off, len, blob, blob_off, op_from, valid_from, op_to, valid_to)
    select ino, greatest(file_off, lo), least(file_off + len, hi) - greatest(file_off, lo), blob,
           blob_off + greatest(file_off, lo) - file_off, op_from, valid_from, op, at
    from hit
    where coalesce(current_setting('thule.history', true), 'on') = 'on'
), whole as (
    select ino, file_off, len, blob, blob_off, op_from, valid_from, range_agg(int8range(lo, hi)) as cuts
    from hit
    group by ino, file_off, len, blob, blob_off, op_from, valid_from
), gone as (
    delete from thule.extent e using whole w where e.ino = w.ino and e.file_off = w.file_off
    returning w.*
)
insert into thule.extent (ino, file_off, len, blob, blob_off, op_from, valid_from)
select ino, lower(r), upper(r) - lower(r), blob, blob_off + lower(r) - file_off, op_from, valid_from
from gone, unnest(int8multirange(int8range(file_off, file_off + len)) - cuts) as r
