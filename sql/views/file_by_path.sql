-- One path of thule.file, found by index.
-- Parameters: path, absolute and escaped (thule_internal.path_names). Returns: its row, or none.
-- Tables touched: dirent, dirent_history, inode, actor, quota (read).
create function thule.file(path text) returns setof thule.file
language sql stable strict parallel safe rows 1
begin atomic
    select f.*
    -- Not in a condition on f: PostgreSQL 18 asks it when it plans, also for who gets the other rows, and it may refuse.
    from (select thule.resolve(file.path) as ino where thule_internal.sees_tables() offset 0) r
    cross join lateral (select f.* from thule.file f where f.ino = r.ino offset 0) f
    where f.path = coalesce(nullif(thule_internal.plain_path(file.path), ''), '/')
    union all
    select s.* from thule_internal.file_seen(file.path) s where not thule_internal.sees_tables();
end;

comment on function thule.file(text) is
    'The row of thule.file of one path, found by index; none where there is no such path. Example: select * from thule.file(''/a/b'');';

-- The names in a directory, and those at any depth below it: the rows of thule.file whose path goes on from that of the directory, found by index.
-- Parameters: path of the directory, absolute and escaped (thule_internal.path_names). Returns: rows of thule.file, in no order; none where
--   it is no directory.
-- Tables touched: dirent, dirent_history, inode, actor, quota (read).
create function thule.files_in(path text) returns setof thule.file
language sql stable parallel safe rows 100
begin atomic
    -- The inode of the directory once and first, whatever the statistics say: a name asked for it each time where names are scanned.
    select f.*
    from (select thule_internal.plain_inode(files_in.path) as ino offset 0) d
    cross join lateral (select f.* from thule.file f where f.parent = d.ino offset 0) f
    where thule_internal.sees_tables()
    union all
    select s.* from thule_internal.files_in_seen(files_in.path) s where not thule_internal.sees_tables();
end;

comment on function thule.files_in(text) is
    'The names in a directory: rows of thule.file, found by index. Example: select path, size from thule.files_in(''/a'') order by mtime desc limit 10;';

create function thule.files_under(path text) returns setof thule.file
language sql stable parallel safe rows 1000
begin atomic
    select f.*
    from thule_internal.inodes_below(thule_internal.plain_inode(files_under.path)) b (ino)
    cross join lateral (select f.* from thule.file f where f.parent = b.ino offset 0) f
    where thule_internal.sees_tables()
    union all
    select s.* from thule_internal.files_under_seen(files_under.path) s where not thule_internal.sees_tables();
end;

comment on function thule.files_under(text) is
    'The names at any depth below a directory: rows of thule.file, found by index. Example: select sum(allocated) from thule.files_under(''/a'') where nlink = 1;';
