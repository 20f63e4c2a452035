-- One inode, and for a directory the one that holds its name. The last column: it has gone; then it is as it went, for those who
-- are in it still.
select i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns, i.btime_ns,
       i.flags, i.xattrs, i.project, i.target,
       case when thule_internal.is_directory(i.mode)
            then (select d.parent from thule.dirent d where d.ino = i.ino limit 1) end, 0,
       coalesce(case when i.xattrs > 0 then (
           select sum(octet_length(x.name) + octet_length(x.value)) from thule.xattr x where x.ino = i.ino) else 0 end, 0)
from thule.inode i
where i.ino = $1::bigint
union all
(select h.ino, h.mode, 0, h.uid, h.gid, h.rdev, h.size, h.allocated, h.atime_ns, h.mtime_ns, h.ctime_ns, h.btime_ns,
       h.flags, h.xattrs, h.project, h.target, null, 1, 0
from thule.inode_history h
where h.ino = $1::bigint and not exists (select from thule.inode i where i.ino = $1::bigint)
order by h.op_from desc limit 1)
