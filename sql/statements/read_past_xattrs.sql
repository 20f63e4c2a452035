-- Extended attributes of an inode ($1) as of an op ($2), of that name ($3) or all (empty), or one row of nulls when it
-- had none; and what of now guards the inode.
select g.guard, x.name, x.value
from thule.guard($1::bigint, $2::bigint) g
left join (
    select v.name, v.value from thule.xattr v where v.ino = $1::bigint and v.op_from <= $2::bigint
    union all
    select v.name, v.value from thule.xattr_history v
    where v.ino = $1::bigint and v.op_from <= $2::bigint and v.op_to > $2::bigint
) x on $3::bytea = '' or x.name = $3::bytea
