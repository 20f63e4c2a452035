-- An inode ($1) as of an op ($2). No row: that was pruned.
select i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns,
       i.btime_ns, i.flags, i.xattrs, i.project, i.target
from thule_internal.inode_at_op($1::bigint, $2::bigint) i
where thule_internal.is_kept($2::bigint)
