-- The value of an extended attribute.
select value from thule.xattr where ino = $1::bigint and name = $2::bytea
