-- Every path there is now: a file with several hard links has a row for each; inodes without a name have none,
-- nor has what lies deeper than thule_internal.max_depth().
-- Its comments say what each column is.
-- Paths are worked out for the rows that are looked at, so conditions on ino and parent are quick, and one on path reads all names: of one path
-- ask `where ino = thule.resolve(path)` or thule.file(path), of a directory thule.files_in(path) or thule.files_under(path).
create view thule.file as
select '/'::text as path,
    i.ino::bigint,
    thule.mode_kind(i.mode) as kind,
    thule_internal.permission_bits(i.mode) as mode,
    i.uid::bigint,
    i.gid::bigint,
    i.size::bigint,
    i.nlink,
    thule.ns_time(i.atime_ns) as atime,
    thule.ns_time(i.mtime_ns) as mtime,
    thule.ns_time(i.ctime_ns) as ctime,
    thule.ns_time(i.btime_ns) as btime,
    thule_internal.mode_text(i.mode) as octal,
    thule.username(i.uid) as username,
    thule.groupname(i.gid) as groupname,
    null::text as rdev,
    i.allocated::bigint,
    null::text as target,
    null::bigint as parent
from thule.inode i
where i.ino = 1
union all
select p.path || '/' || thule.escape_name(d.name),
    i.ino::bigint,
    thule.mode_kind(i.mode),
    thule_internal.permission_bits(i.mode),
    i.uid::bigint,
    i.gid::bigint,
    i.size::bigint,
    i.nlink,
    thule.ns_time(i.atime_ns),
    thule.ns_time(i.mtime_ns),
    thule.ns_time(i.ctime_ns),
    thule.ns_time(i.btime_ns),
    thule_internal.mode_text(i.mode),
    w.username,
    w.groupname,
    case when thule_internal.is_device(i.mode) then thule_internal.device_text(i.rdev) end,
    i.allocated::bigint,
    thule.escape_name(i.target),
    d.parent::bigint
from thule.dirent d
join thule.inode i on i.ino = d.ino
cross join lateral (select thule.username(i.uid) as username, thule.groupname(i.gid) as groupname offset 0) w
cross join lateral (select d.parent offset 0) dir
cross join lateral thule_internal.directory_span(dir.parent) p
where i.nlink > 0
    -- Nearly all names have a path, which the planner must expect, too: it does of what is not null.
    and case when p.op_to = thule_internal.present() and p.depth < thule_internal.max_depth() then p.path end is not null;

comment on view thule.file is
    'Every path there is now, with what stat(2) shows: one row for each name. Of one path: select * from thule.file(''/path''), or where ino = thule.resolve(''/path''). Example: select path, size from thule.file order by size desc limit 10;';
comment on column thule.file.path is 'Absolute from the root of the mount. Printable UTF-8 stays; a backslash and every other byte is \xNN.';
comment on column thule.file.ino is 'Inode number, as stat(2) shows it; the root directory is 1.';
comment on column thule.file.kind is 'file, directory, symlink, fifo, socket, char or block.';
comment on column thule.file.mode is 'Permission bits as a number: 420 is rw-r--r--. See octal.';
comment on column thule.file.uid is 'User id of the owner.';
comment on column thule.file.gid is 'Group id of the file.';
comment on column thule.file.size is 'Size in bytes; of a symbolic link the length of its target.';
comment on column thule.file.nlink is 'Number of hard links, each of which has a row; of a directory 2 plus the number of its subdirectories.';
comment on column thule.file.atime is 'Last read. Microseconds here; thule.inode.atime_ns has nanoseconds, as for the other times.';
comment on column thule.file.mtime is 'Last change of the content.';
comment on column thule.file.ctime is 'Last change of content or attributes.';
comment on column thule.file.btime is 'Creation.';
comment on column thule.file.octal is 'Permission bits as chmod takes them: 0644.';
comment on column thule.file.username is 'Name of the owner; NULL: nobody has told the database (thule.username).';
comment on column thule.file.groupname is 'Name of the group; NULL: nobody has told the database (thule.groupname).';
comment on column thule.file.rdev is 'MAJOR:MINOR of a device, NULL for anything else.';
comment on column thule.file.allocated is 'Bytes that st_blocks counts (du), holes excepted.';
comment on column thule.file.target is 'Where a symbolic link points to, escaped like path; NULL for anything else.';
comment on column thule.file.parent is 'Inode of the directory that the name is in; NULL for the root.';

-- One path of thule.file, found by index.
-- Parameters: path, absolute and escaped (thule_internal.path_names). Returns: its row, or none.
-- Tables touched: dirent, dirent_history, inode, actor, quota (read).
create function thule.file(path text) returns setof thule.file
language sql stable strict parallel safe rows 1
begin atomic
    select f.*
    from thule.file f
    where f.ino = thule.resolve(file.path) and f.path = coalesce(nullif(thule_internal.plain_path(file.path), ''), '/');
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
    select f.* from thule.file f where f.parent = thule_internal.plain_inode(files_in.path);
end;

comment on function thule.files_in(text) is
    'The names in a directory: rows of thule.file, found by index. Example: select path, size from thule.files_in(''/a'') order by mtime desc limit 10;';

create function thule.files_under(path text) returns setof thule.file
language sql stable parallel safe rows 1000
begin atomic
    with recursive below (ino) as (
        select thule_internal.plain_inode(files_under.path)
        union
        select e.ino
        from below b
        cross join lateral (select d.ino from thule.dirent d where d.parent = b.ino offset 0) e
    )
    select f.* from below b cross join lateral (select f.* from thule.file f where f.parent = b.ino offset 0) f;
end;

comment on function thule.files_under(text) is
    'The names at any depth below a directory: rows of thule.file, found by index. Example: select sum(allocated) from thule.files_under(''/a'') where nlink = 1;';
