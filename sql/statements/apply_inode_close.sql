-- The versions that the present has of these inodes end, at the given op and time.
-- The living one is among the last few of its key, however many dead ones an old snapshot keeps: see apply_inode_update.
insert into thule.inode_history (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns,
                                 ctime_ns, btime_ns, flags, xattrs, project, target, op_from, valid_from, op_to,
                                 valid_to)
select i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns,
       i.ctime_ns, i.btime_ns, i.flags, i.xattrs, i.project, i.target, i.op_from, i.valid_from, c.op, c.at
from unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) as c (ino, op, at)
cross join lateral (select p.* from thule.inode p where p.ino = c.ino order by p.era desc nulls last limit 1) i
