-- When inodes were read last: not a change of them, so no version of its own.
update thule.inode i set atime_ns = n.atime_ns
from unnest($1::bigint[], $2::bigint[]) as n (ino, atime_ns)
cross join lateral (select p.ctid as place from thule.inode p where p.ino = n.ino order by p.era desc nulls last limit 1) p
where i.ctid = p.place
