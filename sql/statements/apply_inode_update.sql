-- What inodes that were there before the batch are now. A symbolic link's target never changes.
-- One of 32 begins an era, by its op: an entry of its own in the index, after all that the inode had.
update thule.inode i
set mode = n.mode, nlink = n.nlink, uid = n.uid, gid = n.gid, rdev = n.rdev, size = n.size,
    allocated = n.allocated, atime_ns = n.atime_ns, mtime_ns = n.mtime_ns, ctime_ns = n.ctime_ns,
    btime_ns = n.btime_ns, flags = n.flags, xattrs = n.xattrs,
    project = n.project, target = n.target, op_from = n.op_from, valid_from = n.valid_from,
    era = case when hashint8(n.op_from) & 31 = 0 then n.op_from else i.era end
from unnest($1::bigint[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[],
            $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
            $13::integer[], $14::integer[], $15::bigint[], $16::bytea[], $17::bigint[], $18::timestamptz[])
     as n (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns,
           flags, xattrs, project, target, op_from, valid_from)
cross join lateral (select p.ctid as place from thule.inode p where p.ino = n.ino order by p.era desc nulls last limit 1) p
where i.ctid = p.place
