-- One row of apply_extent_insert.sql.
insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
values ($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint)
