-- Directories that have a name, but not one that leads to the root: they contain each other, or are below one
-- that has no name. (union rather than union all: it is what ends the walk in a circle.)
create view thule.fsck_directory_unreachable as
with recursive entry as materialized (
    select d.parent, d.ino
    from thule.dirent d
    join thule.inode i on i.ino = d.ino and i.mode & 61440 = 16384
), reached (ino) as (
    select 1::bigint
    union
    select e.ino
    from reached r
    join entry e on e.parent = r.ino
)
select 'directory_unreachable' as check_id, 'error' as severity, e.ino,
    format('a directory in directory %s that cannot be reached from the root', min(e.parent)) as detail
from entry e
where not exists (select from reached r where r.ino = e.ino)
group by e.ino;
