-- Every path there is now: a file with several hard links has a row for each; inodes without a name have none.
-- mode holds the permission bits (st_mode & 07777). Paths are escaped (thule.escape_name).
-- Reads every directory, whatever is asked of it: for one path ask thule.resolve, for one inode thule.path.
create view thule.file as
with recursive tree (ino, path) as (
    select 1::bigint, ''::text
    union all
    select d.ino, t.path || '/' || thule.escape_name(d.name)
    from tree t
    join thule.dirent d on d.parent = t.ino
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
