comment on table thule.lease is
    'One row: the second key of the advisory lock that the mount with the right to write holds. Drawn anew each time the lease is taken.';
comment on column thule.lease.one is 'Always true, so that there is one row.';
comment on column thule.lease.key is 'Second key of the advisory lock (1953003884, key), as pg_locks shows it in objid.';
comment on table thule.history_lock is
    'Has no rows and no columns: prune and erase lock it alone; snapshot, hold, restore and undo share it.';
comment on table thule.write_queue is
    'Has no rows and no columns: transactions that change files by SQL lock it, one after the other.';
comment on table thule.lock_session is
    'Database sessions of mounts with locks=cluster that hold locks on files. One that is not connected any more loses them to the first who asks. Unlogged: lost when the server crashes, which ends the sessions, too.';
comment on column thule.lock_session.session is 'Second key of the advisory lock (1953003884, session) that the session holds.';
comment on column thule.lock_session.mount is 'thule.mount.id of its daemon.';
comment on table thule.cluster_lock is
    'Locks on files in mounts with locks=cluster, of fcntl(2) and flock(2), held and waited for. Unlogged, as thule.lock_session. thule.file_lock shows those of living mounts, with paths.';
comment on column thule.cluster_lock.session is 'Of thule.lock_session: the locks are true as long as it is connected.';
comment on column thule.cluster_lock.ino is 'Inode of the file.';
comment on column thule.cluster_lock.flock is 'true: of flock(2); false: of fcntl(2). They do not see each other.';
comment on column thule.cluster_lock.owner is 'The kernel''s number of the owner, a process or an open file; another one in each mount.';
comment on column thule.cluster_lock.writes is 'true: exclusive (write); false: shared (read).';
comment on column thule.cluster_lock.first_byte is 'First byte of the range.';
comment on column thule.cluster_lock.last_byte is 'Last byte of the range; 9223372036854775807: to the end of the file, however long it gets.';
comment on column thule.cluster_lock.pid is 'Process that asked for it, on the host of the mount; NULL: not known.';
comment on column thule.cluster_lock.request is 'Number of the request that waits for it; NULL: it is held.';
comment on table thule.lock_queue is
    'Has no rows and no columns: whoever takes or releases a lock on a file locks it, one after the other.';
