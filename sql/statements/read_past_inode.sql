-- An inode ($1) as of an op ($2), what of now guards it, and whose that version is (thule_internal.past_owner). No row: that was pruned.
select i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns,
       i.btime_ns, i.flags, i.xattrs, i.project, i.target, g.stricter::integer, g.guard,
       thule_internal.past_owner(i.ino, $2::bigint, true)
from thule_internal.inode_at_op($1::bigint, $2::bigint) i
cross join lateral thule_internal.guard(i.ino, $2::bigint) g
where thule_internal.is_kept($2::bigint)
