-- Files that have been open for more than a second, some moments after that; those that are open for less are never
-- here, so that opening costs nothing. One row per open(2), however many descriptors share it. Not directories, which
-- the kernel opens by itself, and not what is open of the past.
-- mount thule.mount; path null: the file has no name any more; how read, write or read+write; append as O_APPEND;
-- pid, comm, actor (thule.actor) who opened it, null when not known; since when.
create view thule.open_file as
select h.mount, h.ino, thule.path(h.ino) as path,
    (array['read', 'write', 'read+write', 'read+write'])[(h.flags & 3) + 1] as how,
    h.flags & 1024 <> 0 as append,
    h.pid, h.comm, h.actor, h.since
from thule.live_handle h
where h.mount in (select thule.mount_alive());

comment on view thule.open_file is 'Files that have been open for more than a second, as of some moments ago: a row for each open(2).';
comment on column thule.open_file.mount is 'which daemon: thule.mount';
comment on column thule.open_file.path is 'null: the file has no name any more';
comment on column thule.open_file.how is 'read, write or read+write';
comment on column thule.open_file.append is 'O_APPEND';
comment on column thule.open_file.pid is 'who opened it, null: not known';
comment on column thule.open_file.actor is 'thule.actor, once it has changed something';
