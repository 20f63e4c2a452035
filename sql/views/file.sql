-- Every path there is now: a file with several hard links has a row for each; inodes without a name have none,
-- nor has what lies deeper than thule.max_depth().
-- mode holds the permission bits (st_mode & 07777), octal the same as chmod(1) takes them. Paths are escaped (thule.escape_name), and so
-- is target, of symbolic links. rdev is MAJOR:MINOR of devices. allocated are the bytes that st_blocks counts. username and groupname are
-- null where the database has not been told: thule.username.
-- Paths are worked out for the rows that are looked at, so a condition on ino is quick, and one on path reads all names: of one path ask
-- `where ino = thule.resolve(path)` or thule.file(path).
create view thule.file as
select '/'::text as path,
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
    thule.ns_time(i.btime_ns) as btime,
    thule.mode_text(i.mode) as octal,
    thule.username(i.uid) as username,
    thule.groupname(i.gid) as groupname,
    null::text as rdev,
    i.allocated,
    null::text as target
from thule.inode i
where i.ino = 1
union all
select p.path || '/' || thule.escape_name(d.name),
    i.ino,
    thule.mode_kind(i.mode),
    i.mode & 4095,
    i.uid,
    i.gid,
    i.size,
    i.nlink,
    thule.ns_time(i.atime_ns),
    thule.ns_time(i.mtime_ns),
    thule.ns_time(i.ctime_ns),
    thule.ns_time(i.btime_ns),
    thule.mode_text(i.mode),
    w.username,
    w.groupname,
    case when i.mode & 61440 in (8192, 24576) then thule.device_text(i.rdev) end,
    i.allocated,
    thule.escape_name(i.target)
from thule.dirent d
join thule.inode i on i.ino = d.ino
cross join lateral (select thule.username(i.uid) as username, thule.groupname(i.gid) as groupname offset 0) w
cross join lateral (select d.parent offset 0) dir
cross join lateral thule.directory_span(dir.parent) p
where i.nlink > 0
    -- Nearly all names have a path, which the planner must expect, too: it does of what is not null.
    and case when p.op_to = 9223372036854775807 and p.depth < thule.max_depth() then p.path end is not null;

comment on view thule.file is
    'Every path there is now. Of one path: select * from thule.file(''/path''), or where ino = thule.resolve(''/path'').';
comment on column thule.file.path is 'absolute from the root of the mount; \xNN for bytes that are not printable UTF-8, and for a backslash';
comment on column thule.file.kind is 'file, directory, symlink, fifo, socket, char or block';
comment on column thule.file.mode is 'permission bits as a number; octal is what chmod takes';
comment on column thule.file.nlink is 'how many names it has; each has a row';
comment on column thule.file.octal is 'permission bits as chmod takes them';
comment on column thule.file.username is 'name of the owner, null where the database was not told';
comment on column thule.file.groupname is 'name of the group, null where the database was not told: only quotas name groups';
comment on column thule.file.rdev is 'MAJOR:MINOR of a device, null of anything else';
comment on column thule.file.allocated is 'bytes that st_blocks counts';
comment on column thule.file.target is 'where a symbolic link points to, escaped like path';

-- One path of thule.file, found by index.
-- Parameters: path, absolute and escaped (thule.path_names). Returns: its row, or none.
-- Tables touched: dirent, dirent_history, inode, actor, quota (read).
create function thule.file(path text) returns setof thule.file
language sql stable strict parallel safe rows 1
begin atomic
    select f.*
    from thule.file f
    where f.ino = thule.resolve(file.path) and f.path = coalesce(nullif(thule.plain_path(file.path), ''), '/');
end;
