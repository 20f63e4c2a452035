-- Extended attributes of an inode ($1) as of an op ($2), of that name ($3) or all (empty), or one row of nulls when it
-- had none; and what of now guards the inode. No row: that state was pruned.
select g.guard, x.name, x.value
from thule_internal.guard($1::bigint, $2::bigint) g
left join thule_internal.xattrs_at_op($1::bigint, $2::bigint) x on $3::bytea = '' or x.name = $3::bytea
where thule_internal.is_kept($2::bigint)
