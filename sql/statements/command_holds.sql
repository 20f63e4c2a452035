-- Whether the path $1, in bytes, is that of inode $2.
select coalesce(thule.resolve(thule.escape_name($1::bytea)) = $2::bigint, false)
