-- thule tar: extended attributes of an inode ($1) as of an op ($2).
select x.name, x.value from thule.xattrs_at_op($1::bigint, $2::bigint) x order by x.name
