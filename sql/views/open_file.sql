-- Files that have been open for more than a second, some moments after that; those that are open for less are never
-- here, so that opening costs nothing. One row per open(2), however many descriptors share it. Not directories, which
-- the kernel opens by itself, and not what is open of the past.
create view thule.open_file as
select h.mount, h.ino, thule.path(h.ino) as path,
    (array['read', 'write', 'read+write', 'read+write'])[(h.flags & 3) + 1] as how,
    h.flags & 1024 <> 0 as append,
    h.pid, h.comm, h.actor, h.since
from thule.live_handle h
where h.mount in (select thule_internal.mounts_live());

comment on view thule.open_file is
    'Files that have been open for more than a second, as of some moments ago: one row for each open(2). Directories and files of the past are not listed. Example: select path, pid, comm, since from thule.open_file order by since;';
comment on column thule.open_file.mount is 'Daemon that the file is open in: thule.mount.id.';
comment on column thule.open_file.ino is 'Inode of the file.';
comment on column thule.open_file.path is 'Path of the file; NULL: it has no name any more.';
comment on column thule.open_file.how is 'read, write or read+write.';
comment on column thule.open_file.append is 'true: it was opened with O_APPEND.';
comment on column thule.open_file.pid is 'Process that opened it; NULL: not known.';
comment on column thule.open_file.comm is 'Short name of that process; NULL: not known.';
comment on column thule.open_file.actor is 'thule.actor.id of that process; NULL: it has not changed anything yet.';
comment on column thule.open_file.since is 'When it was opened.';
