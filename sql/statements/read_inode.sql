-- One inode, and for a directory the one that holds its name.
select ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, flags,
       xattrs, project, target,
       case when (mode & 61440) = 16384
            then (select d.parent from thule.dirent d where d.ino = i.ino limit 1) end
from thule.inode i
where ino = $1::bigint
