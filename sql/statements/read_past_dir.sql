-- All names of a directory ($1) as of an op ($2), with their inodes, or one row of nulls when it was empty; and what of
-- now guards the directory, and whose that version of it is (thule.past_owner). No row: that state was pruned.
select i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns,
       i.btime_ns, i.flags, i.xattrs, i.project, i.target, g.stricter::integer, g.guard, o.owner, e.name, e.cookie
from thule.guard($1::bigint, $2::bigint) g
cross join (select thule.past_owner($1::bigint, $2::bigint, true) as owner) o
left join thule.entry_at_op($1::bigint, $2::bigint) e on true
left join lateral thule.inode_at_op(e.ino, $2::bigint) i on true
where thule.is_kept($2::bigint)
order by e.cookie
