-- osquery's table `file`: what stat(2) says of paths. Attributes of a symbolic link are those of what it leads to, as osquery has it, and its own where that is
-- nothing in this filesystem.
-- Quick by path and directory where the statement demands one in words that thule_internal.asked understands.
create view osquery.file as
select a.path,
    a.directory,
    substring(a.path from '[^/]*$') as filename,
    coalesce(t.ino, a.ino) as inode,
    coalesce(t.uid, a.uid) as uid,
    coalesce(t.gid, a.gid) as gid,
    coalesce(t.octal, a.octal) as mode,
    (select (d.major << 8) | (d.minor & 255) | (d.minor >> 8 << 20)
        from (select split_part(r.rdev, ':', 1)::bigint as major, split_part(r.rdev, ':', 2)::bigint as minor
            from (select coalesce(t.rdev, a.rdev, '0:0') as rdev) r) d) as device,
    coalesce(t.size, a.size) as size,
    4096 as block_size,
    floor(extract(epoch from coalesce(t.atime, a.atime)))::bigint as atime,
    floor(extract(epoch from coalesce(t.mtime, a.mtime)))::bigint as mtime,
    floor(extract(epoch from coalesce(t.ctime, a.ctime)))::bigint as ctime,
    floor(extract(epoch from coalesce(t.btime, a.btime)))::bigint as btime,
    coalesce(t.nlink, a.nlink) as hard_links,
    (a.kind = 'symlink')::integer as symlink,
    case coalesce(t.kind, a.kind) when 'file' then 'regular' when 'char' then 'character' when 'symlink' then 'unknown'
        else coalesce(t.kind, a.kind) end as type,
    coalesce(a.target, '') as symlink_target_path,
    (select max(i.op_from) from thule.inode i where i.ino = coalesce(t.ino, a.ino)) as op
from thule_internal.asked_files(thule_internal.statement(), current_schemas(true), 'file') a
left join lateral (
    select f.ino, f.uid, f.gid, f.octal, f.rdev, f.size, f.atime, f.mtime, f.ctime, f.btime, f.nlink, f.kind
    from thule.file f
    where a.kind = 'symlink' and f.ino = a.end_ino and f.path = a.end_place limit 1) t on true;

comment on view osquery.file is
    'As osquery has it: what stat(2) says of a path, following symbolic links. Paths are those of the host, with the directory where the filesystem is mounted, or was mounted last, in front. By index where the statement demands a path or a directory: path = ..., path in (...), path like ''/dir/%'', directory = ...; else all names are worked out. Example: select path, mode, size from osquery.file where directory = ''/srv/files'';';
comment on column osquery.file.path is 'Path on the host; bytes that are no printable UTF-8, and a backslash, are \xNN.';
comment on column osquery.file.directory is 'Path of the directory that it is in.';
comment on column osquery.file.filename is 'Last name of the path.';
comment on column osquery.file.inode is 'Inode number.';
comment on column osquery.file.uid is 'User id of the owner.';
comment on column osquery.file.gid is 'Group id of the file.';
comment on column osquery.file.mode is 'Permission bits, four octal digits: 0644.';
comment on column osquery.file.device is 'Number of the device that a device file is; 0 for anything else.';
comment on column osquery.file.size is 'Size in bytes.';
comment on column osquery.file.block_size is 'Size of blocks in bytes that suits reads and writes.';
comment on column osquery.file.atime is 'Last read, seconds since 1970.';
comment on column osquery.file.mtime is 'Last change of the content, seconds since 1970.';
comment on column osquery.file.ctime is 'Last change of content or attributes, seconds since 1970.';
comment on column osquery.file.btime is 'Creation, seconds since 1970. osquery has 0 here on Linux.';
comment on column osquery.file.hard_links is 'Number of hard links.';
comment on column osquery.file.symlink is '1: the path is a symbolic link; 0: it is not.';
comment on column osquery.file.type is 'regular, directory, block, character, fifo or socket; unknown: a symbolic link that leads to nothing in this filesystem.';
comment on column osquery.file.symlink_target_path is 'What a symbolic link says; empty for anything else.';
comment on column osquery.file.op is 'Not in osquery: last op that changed it, as in thule.change.op, which says who and when.';
