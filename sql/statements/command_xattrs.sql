-- thule tar: extended attributes of an inode ($1) as of an op ($2), as $3 may see them: a user at the door, or null.
select x.name, x.value from thule_internal.xattrs_at_op($1::bigint, $2::bigint) x
where $3::bigint[] is null or substring(x.name for 8) <> 'trusted.' and thule_internal.may_reach($1::bigint, $2::bigint, 4, $3)
order by x.name
