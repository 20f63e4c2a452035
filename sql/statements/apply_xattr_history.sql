-- Extended attributes that began and ended within the batch.
insert into thule.xattr_history (ino, name, value, op_from, valid_from, op_to, valid_to)
select * from unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[], $5::timestamptz[],
                     $6::bigint[], $7::timestamptz[])
