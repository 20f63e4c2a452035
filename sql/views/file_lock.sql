-- Locks on files, held and waited for, at most some moments old: what the kernel keeps for flock(2), fcntl(2) and leases,
-- not on what is open of the past.
-- mount thule.mount; path null: the file has no name any more; kind posix, ofd, flock or lease; mode read or write;
-- first_byte, last_byte the range, last_byte null: to the end of the file; pid, comm the holder, or who waits; null when
-- it is not known, as for ofd locks that a process holds that did not open the file itself; waiting not granted yet.
create view thule.file_lock as
select l.mount, l.ino, thule.path(l.ino) as path,
    (array['posix', 'ofd', 'flock', 'lease'])[l.kind + 1] as kind,
    case when l.writes then 'write' else 'read' end as mode,
    l.first_byte, l.last_byte, l.pid, l.comm, l.waiting
from thule.live_lock l
where l.mount in (select thule.mount_alive());

comment on view thule.file_lock is 'Locks on files, held and waited for, as of some moments ago.';
comment on column thule.file_lock.mount is 'which daemon: thule.mount';
comment on column thule.file_lock.path is 'null: the file has no name any more';
comment on column thule.file_lock.kind is 'posix, ofd, flock or lease';
comment on column thule.file_lock.mode is 'read or write';
comment on column thule.file_lock.last_byte is 'null: to the end of the file';
comment on column thule.file_lock.pid is 'who holds it or waits, null: not known';
comment on column thule.file_lock.waiting is 'not granted yet';
