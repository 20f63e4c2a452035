-- Every path there is now: a file with several hard links has a row for each; inodes without a name have none,
-- nor has what lies deeper than thule.max_depth().
-- mode holds the permission bits (st_mode & 07777). Paths are escaped (thule.escape_name).
-- Reads every directory, whatever is asked of it: for one path ask thule.resolve, for one inode thule.path.
create view thule.file as
with recursive tree (ino, path, depth) as (
    select 1::bigint, ''::text, 0
    union all
    select d.ino, t.path || '/' || thule.escape_name(d.name), t.depth + 1
    from tree t
    cross join lateral (select e.ino, e.name from thule.dirent e where e.parent = t.ino offset 0) d
    where t.depth < thule.max_depth()
)
select case t.path when '' then '/' else t.path end as path,
    i.ino,
    thule.mode_kind(i.mode) as kind,
    i.mode & 4095 as mode,
    i.uid,
    i.gid,
    i.size,
    i.nlink,
    thule.ns_time(i.atime_ns) as atime,
    thule.ns_time(i.mtime_ns) as mtime,
    thule.ns_time(i.ctime_ns) as ctime,
    thule.ns_time(i.btime_ns) as btime
from tree t
join thule.inode i on i.ino = t.ino
where i.nlink > 0;
