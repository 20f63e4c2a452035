-- The directory tree that every inode with a name counts for, by where its names are: that of the nearest directory
-- above, or itself, that is the top of one. A row for each tree that one of its names is in.
create view thule.quota_tree as
with recursive tree (ino, project) as (
    select q.ino, q.id from thule.quota q where q.kind = 2
    union
    select d.ino, t.project
    from tree t
    cross join lateral (select e.ino from thule.dirent e where e.parent = t.ino offset 0) d
    where not exists (select from thule.quota q where q.ino = d.ino)
)
select t.ino, t.project from tree t;

comment on view thule.quota_tree is
    'Which directory tree with a quota every inode counts for: that of the nearest directory at or above one of its names. Inodes outside of such trees are not listed. Example: select project, count(*) from thule.quota_tree group by project;';
comment on column thule.quota_tree.ino is 'Inode that counts for the tree.';
comment on column thule.quota_tree.project is 'Number of the tree: thule.quota.id where kind is 2, and thule.inode.project.';
