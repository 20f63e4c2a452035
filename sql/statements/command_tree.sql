-- thule tar: everything below an inode ($1) as of an op ($2); of a user at the door ($3, or null) what he may read.
select t.path, (t.inode).ino, (t.inode).mode, (t.inode).nlink, (t.inode).uid, (t.inode).gid,
    (t.inode).rdev, (t.inode).size, (t.inode).mtime_ns, (t.inode).target, (t.inode).xattrs
from (
    select a.path, a.inode from thule_internal.tree_at_op($1::bigint, $2::bigint) a where $3::bigint[] is null
    union all
    select v.path, v.inode from thule_internal.tree_viewed($1::bigint, $2::bigint, $3) v where $3 is not null and v.readable
) t
