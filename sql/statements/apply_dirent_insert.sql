insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
select * from unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[])
