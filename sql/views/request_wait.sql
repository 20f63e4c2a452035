-- Requests of processes that have waited in a mount for more than a second, some moments after that. Empty where everything
-- is answered; while the database itself is away `thule status --requests` tells instead.
create view thule.request_wait as
select r.mount, r.operation, r.ino,
    case when r.name is null then thule.path(r.ino)
        else rtrim(thule.path(r.ino), '/') || '/' || thule.escape_name(r.name) end as path,
    r.pid, r.comm, r.uid, r.state, r.waits_for, r.since
from thule.live_request r
where r.mount in (select thule_internal.mounts_live());

comment on view thule.request_wait is
    'Requests of processes that have waited in a mount for more than a second, as of some moments ago. While the database is away, `thule status --requests` tells them. Example: select since, comm, operation, path, waits_for from thule.request_wait order by since;';
comment on column thule.request_wait.mount is 'Daemon that the request waits in: thule.mount.id.';
comment on column thule.request_wait.operation is 'Operation as FUSE names it: read, write, lookup, fsync and others.';
comment on column thule.request_wait.ino is 'Inode, or the directory that the name is looked for in; numbers from 2^62 on are of the past.';
comment on column thule.request_wait.path is 'Path of what is asked for; NULL: it is of the past, or has no name any more.';
comment on column thule.request_wait.pid is 'Process that waits; NULL: not known.';
comment on column thule.request_wait.comm is 'Short name of that process; NULL: not known.';
comment on column thule.request_wait.uid is 'User that asks.';
comment on column thule.request_wait.state is 'waiting, ready to go on, or interrupted.';
comment on column thule.request_wait.waits_for is 'What has to come first, in words: docs/debugging.md explains each.';
comment on column thule.request_wait.since is 'When it began to wait.';
