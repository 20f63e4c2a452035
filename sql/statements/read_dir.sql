-- The first $3 names of directory $1 after cookie $2, with their inodes. Fewer are the last ones.
select i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns,
       i.btime_ns, i.flags, i.xattrs, i.project, i.target, d.parent, d.name, d.cookie,
       coalesce(case when i.xattrs > 0 then (
           select sum(octet_length(x.name) + octet_length(x.value)) from thule.xattr x where x.ino = i.ino) else 0 end, 0)
from thule.dirent d
cross join lateral (select p.* from thule.inode p where p.ino = d.ino offset 0) i
where d.parent = $1::bigint and d.cookie > $2::bigint
order by d.cookie
limit $3::bigint
