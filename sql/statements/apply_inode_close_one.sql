-- One row of apply_inode_close.sql.
insert into thule.inode_history (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns,
                                 ctime_ns, btime_ns, flags, xattrs, project, target, op_from, valid_from, op_to,
                                 valid_to)
select i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns,
       i.ctime_ns, i.btime_ns, i.flags, i.xattrs, i.project, i.target, i.op_from, i.valid_from, $2::bigint, $3::timestamptz
from thule.inode i
where i.ino = $1::bigint
order by i.era desc nulls last limit 1
