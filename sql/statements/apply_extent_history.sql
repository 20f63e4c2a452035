-- Extents that began and ended within the batch.
insert into thule.extent_history (ino, file_off, len, blob, blob_off, op_from, op_to)
select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                     $7::bigint[])
