-- One row of apply_extent_close.sql.
with gone as (
    delete from thule.extent e
    where e.ino = $1::bigint
    returning e.ino, e.file_off, e.len, e.blob, e.blob_off, e.op_from
)
insert into thule.extent_history (ino, file_off, len, blob, blob_off, op_from, op_to)
select g.*, $2::bigint from gone g
where coalesce(current_setting('thule.history', true), 'on') = 'on'
