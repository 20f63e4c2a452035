-- Inodes without a name: they were open when the daemon before this one ended, or, with $1 an op, others have changed them after that.
select i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns,
       i.btime_ns, i.flags, i.xattrs, i.project, i.target
from thule.inode i
where i.nlink = 0 and ($1::bigint is null or i.ino in (select t.ino from thule_internal.touched_since($1::bigint) t))
