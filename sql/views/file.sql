-- Every path there is now: a file with several hard links has a row for each; inodes without a name have none,
-- nor has what lies deeper than thule_internal.max_depth().
-- Its comments say what each column is.
-- Paths are worked out for the rows that are looked at, so conditions on ino and parent are quick, and one on path reads all names: of one path
-- ask `where ino = thule.resolve(path)` or thule.file(path), of a directory thule.files_in(path) or thule.files_under(path).
-- A granted role (thule.role) may read the view and no table, and gets what thule_internal.names_seen shows; the other branches do not run then.
-- They are planned, though, and the planner shows an operator of the caller's the common values of a column, but not those of an expression: so + size.
create view thule.file as
select '/'::text as path,
    i.ino::bigint,
    thule.mode_kind(i.mode) as kind,
    thule_internal.permission_bits(i.mode) as mode,
    + i.uid::bigint as uid,
    + i.gid::bigint as gid,
    + i.size::bigint as size,
    + i.nlink as nlink,
    thule.ns_time(i.atime_ns) as atime,
    thule.ns_time(i.mtime_ns) as mtime,
    thule.ns_time(i.ctime_ns) as ctime,
    thule.ns_time(i.btime_ns) as btime,
    thule_internal.mode_text(i.mode) as octal,
    thule.username(i.uid) as username,
    thule.groupname(i.gid) as groupname,
    null::text as rdev,
    + i.allocated::bigint as allocated,
    null::text as target,
    null::bigint as parent,
    null::bytea as content
from thule.inode i
where i.ino = 1 and thule_internal.sees_tables()
union all
select p.path || '/' || thule.escape_name(d.name),
    i.ino::bigint,
    thule.mode_kind(i.mode),
    thule_internal.permission_bits(i.mode),
    + i.uid::bigint,
    + i.gid::bigint,
    + i.size::bigint,
    + i.nlink,
    thule.ns_time(i.atime_ns),
    thule.ns_time(i.mtime_ns),
    thule.ns_time(i.ctime_ns),
    thule.ns_time(i.btime_ns),
    thule_internal.mode_text(i.mode),
    w.username,
    w.groupname,
    case when thule_internal.is_device(i.mode) then thule_internal.device_text(i.rdev) end,
    + i.allocated::bigint,
    thule.escape_name(i.target),
    d.parent::bigint,
    null::bytea
from thule.dirent d
join thule.inode i on i.ino = d.ino
cross join lateral (select thule.username(i.uid) as username, thule.groupname(i.gid) as groupname offset 0) w
cross join lateral (select d.parent offset 0) dir
cross join lateral thule_internal.directory_span(dir.parent) p
where i.nlink > 0
    -- Nearly all names have a path, which the planner must expect, too: it does of what is not null.
    and case when p.op_to = thule_internal.present() and p.depth < thule_internal.max_depth() then p.path end is not null
    and thule_internal.sees_tables()
union all
select case when s.name is null then '/' else s.above || '/' || thule.escape_name(s.name) end,
    s.ino,
    thule.mode_kind(s.mode),
    thule_internal.permission_bits(s.mode),
    s.uid,
    s.gid,
    s.size,
    s.nlink,
    thule.ns_time(s.atime_ns),
    thule.ns_time(s.mtime_ns),
    thule.ns_time(s.ctime_ns),
    thule.ns_time(s.btime_ns),
    thule_internal.mode_text(s.mode),
    (u.names).username,
    (u.names).groupname,
    case when thule_internal.is_device(s.mode) then thule_internal.device_text(s.rdev) end,
    s.allocated,
    thule.escape_name(s.target),
    s.parent,
    null::bytea
from thule_internal.names_seen() s
cross join lateral (select thule_internal.user_seen(s.uid, s.gid) as names offset 0) u
where not thule_internal.sees_tables();

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
comment on column thule.file.content is 'Bytes to put into the file by insert or update; always NULL when it is read, since nobody wants all bytes with a listing: thule.content(path) has them.';
