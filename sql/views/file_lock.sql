-- Locks on files, held and waited for, at most some moments old: what the kernel keeps for flock(2), fcntl(2) and leases,
-- not on what is open of the past. Those that hold across mounts are as they are now.
create view thule.file_lock as
select l.mount, l.ino, thule.path(l.ino) as path,
    (array['posix', 'ofd', 'flock', 'lease'])[l.kind + 1] as kind,
    case when l.writes then 'write' else 'read' end as mode,
    l.first_byte, l.last_byte, l.pid, l.comm, l.waiting
from thule.live_lock l
where l.mount in (select thule_internal.mounts_live())
union all
select s.mount, l.ino, thule.path(l.ino), case when l.flock then 'flock' else 'posix' end, case when l.writes then 'write' else 'read' end,
    l.first_byte, nullif(l.last_byte, thule_internal.no_limit()), l.pid, null, l.request is not null
from thule.cluster_lock l
join thule.lock_session s using (session)
where l.session in (select thule_internal.lock_sessions());

comment on view thule.file_lock is
    'Locks on files of flock(2), fcntl(2) and leases, held and waited for, as of some moments ago; with locks=cluster those of all mounts, as they are now. Those on files of the past are not listed. Example: select path, pid, comm, mode from thule.file_lock where waiting;';
comment on column thule.file_lock.mount is 'Daemon that the file is open in: thule.mount.id.';
comment on column thule.file_lock.ino is 'Inode of the file.';
comment on column thule.file_lock.path is 'Path of the file; NULL: it has no name any more.';
comment on column thule.file_lock.kind is 'posix (fcntl), ofd (of an open file description; with locks=cluster these are posix), flock, or lease.';
comment on column thule.file_lock.mode is 'read (shared) or write (exclusive).';
comment on column thule.file_lock.first_byte is 'First byte of the range.';
comment on column thule.file_lock.last_byte is 'Last byte of the range; NULL: to the end of the file, however long it gets.';
comment on column thule.file_lock.pid is 'Process that holds it or waits for it, on the host of the mount; NULL: not known, as for an ofd lock in a process that did not open the file itself.';
comment on column thule.file_lock.comm is 'Short name of that process; NULL: not known.';
comment on column thule.file_lock.waiting is 'true: it is not granted yet.';
