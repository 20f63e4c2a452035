-- An inode ($1) as of an op ($2) that is opened; 0, since how strict now is counts for names alone; what of now guards it;
-- whose that version is (thule_internal.past_owner); and the bytes of a file that is no longer than 128 KiB, null of others.
-- $3: 0 where no guard counts, since root opens it. No row: that was pruned.
select i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns,
       i.btime_ns, i.flags, i.xattrs, i.project, i.target, 0 as stricter,
       case when $3::bigint <> 0 then thule_internal.guard_text(i.ino, $2::bigint) end as guard,
       thule_internal.past_owner(i.ino, $2::bigint, true),
       case when thule_internal.is_file(i.mode) and i.size <= thule_internal.extent_max() then thule.read_at_op($1::bigint, $2::bigint, 0, i.size) end
from thule_internal.inode_at_op($1::bigint, $2::bigint) i
where thule_internal.is_kept($2::bigint)
