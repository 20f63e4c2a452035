-- thule tar: everything below an inode ($1) as of an op ($2).
select t.path, (t.inode).ino, (t.inode).mode, (t.inode).nlink, (t.inode).uid, (t.inode).gid,
    (t.inode).rdev, (t.inode).size, (t.inode).mtime_ns, (t.inode).target, (t.inode).xattrs
from thule.tree_at_op($1::bigint, $2::bigint) t
