-- thule tar: how many bytes the files below an inode ($1) have as of an op ($2).
select coalesce(sum((a.inode).size), 0)
from thule_internal.tree_at_op($1::bigint, $2::bigint) a
