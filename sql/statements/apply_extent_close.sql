-- All extents of these files end, at the given op: of files that are gone or were emptied. apply_extent_cut.sql would do the
-- same, at twice the cost.
with gone as (
    delete from thule.extent e
    using unnest($1::bigint[], $2::bigint[]) as c (ino, op)
    cross join lateral (select p.ctid as place from thule.extent p where p.ino = c.ino offset 0) p
    where e.ctid = p.place
    returning e.ino, e.file_off, e.len, e.blob, e.blob_off, e.op_from, c.op
)
insert into thule.extent_history (ino, file_off, len, blob, blob_off, op_from, op_to)
select * from gone
where coalesce(current_setting('thule.history', true), 'on') = 'on'
