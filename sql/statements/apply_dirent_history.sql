-- Names that began and ended within the batch.
insert into thule.dirent_history (parent, name, ino, cookie, op_from, valid_from, op_to, valid_to)
select * from unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[],
                     $7::bigint[], $8::timestamptz[])
