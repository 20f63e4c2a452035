insert into thule.xattr (ino, name, value, op_from, valid_from)
select * from unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[], $5::timestamptz[])
