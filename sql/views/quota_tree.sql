-- The directory tree that every inode with a name counts for, by where its names are: that of the nearest directory
-- above, or itself, that is the top of one. A row for each of its names that is in one.
create view thule.quota_tree as
with recursive tree (ino, project) as (
    select q.ino, q.id from thule.quota q where q.kind = 2
    union all
    select d.ino, t.project
    from tree t
    join thule.dirent d on d.parent = t.ino
    where not exists (select from thule.quota q where q.ino = d.ino)
)
select t.ino, t.project from tree t;
