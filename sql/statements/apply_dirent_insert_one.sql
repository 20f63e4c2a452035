-- One row of apply_dirent_insert.sql.
insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
values ($1::bigint, $2::bytea, $3::bigint, $4::bigint, $5::bigint, $6::timestamptz)
