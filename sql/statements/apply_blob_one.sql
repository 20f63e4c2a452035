-- One row of apply_blob.sql.
insert into thule.blob (id, data) values ($1::bigint, $2::bytea)
