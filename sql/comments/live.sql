comment on table thule.live_lock is
    'Locks on files in mounts that write, at most a second old, or twenty times as old as it takes the database to store them. Unlogged: lost when the server crashes, and published again. thule.file_lock shows those of living mounts, with paths.';
comment on column thule.live_lock.mount is 'thule.mount.id of the daemon.';
comment on column thule.live_lock.ino is 'Inode of the file.';
comment on column thule.live_lock.kind is '0 posix, 1 ofd, 2 flock, 3 lease.';
comment on column thule.live_lock.writes is 'true: exclusive (write); false: shared (read).';
comment on column thule.live_lock.waiting is 'It is not granted yet.';
comment on column thule.live_lock.first_byte is 'First byte of the range.';
comment on column thule.live_lock.last_byte is 'Last byte of the range; NULL: to the end of the file, however long it gets.';
comment on column thule.live_lock.pid is 'Process that holds it or waits for it; NULL: not known.';
comment on column thule.live_lock.comm is 'Short name of that process; NULL: not known.';

comment on table thule.live_handle is
    'Files that have been open for more than a second in mounts that write: one is here at most two seconds after it was opened, and gone a second after it was closed. Unlogged. thule.open_file shows those of living mounts, with paths.';
comment on column thule.live_handle.mount is 'thule.mount.id of the daemon.';
comment on column thule.live_handle.fh is 'Number of the open file in the daemon.';
comment on column thule.live_handle.ino is 'Inode of the file.';
comment on column thule.live_handle.flags is 'Flags of open(2): flags & 3 is 0 read, 1 write, 2 both; 1024 is O_APPEND.';
comment on column thule.live_handle.pid is 'Process that opened it; NULL: not known.';
comment on column thule.live_handle.comm is 'Short name of that process; NULL: not known.';
comment on column thule.live_handle.actor is 'thule.actor.id of that process; NULL: it has not changed anything yet.';
comment on column thule.live_handle.since is 'When it was opened.';

comment on table thule.live_request is
    'Requests that have waited for more than a second, at most a second old, of every daemon that writes: the view thule.request_wait shows those of mounts that live. Unlogged.';
comment on column thule.live_request.mount is 'thule.mount.id of the daemon.';
comment on column thule.live_request.request is 'Number that the kernel gave the request.';
comment on column thule.live_request.operation is 'Operation as FUSE names it.';
comment on column thule.live_request.ino is 'Inode, or the directory that the name is in; numbers from 2^62 on are of the past.';
comment on column thule.live_request.name is 'Name in the directory ino; NULL: the operation has none.';
comment on column thule.live_request.pid is 'Process that waits; NULL: not known.';
comment on column thule.live_request.comm is 'Short name of that process; NULL: not known.';
comment on column thule.live_request.uid is 'User that asks.';
comment on column thule.live_request.state is 'waiting, ready to go on, or interrupted.';
comment on column thule.live_request.waits_for is 'What has to come first, in words.';
comment on column thule.live_request.since is 'When it began to wait.';

comment on table thule.live_latency is
    'How long operations took in a mount that writes, as of when somebody asked last. Unlogged. thule.latency asks anew and shows those of mounts that live.';
comment on column thule.live_latency.mount is 'thule.mount.id of the daemon.';
comment on column thule.live_latency.operation is 'Operation as FUSE names it, drain batch, drain flush, or a statement of the reader.';
comment on column thule.live_latency.phase is 'Phase of its life, or total.';
comment on column thule.live_latency.part is 'What the phase is a part of: queue, state, journal, database, reply, or total.';
comment on column thule.live_latency.count is 'How many had that phase since the mount.';
comment on column thule.live_latency.total_ns is 'Nanoseconds that all of them were in it.';
comment on column thule.live_latency.p50_ns is 'Median of them, nanoseconds.';
comment on column thule.live_latency.p90_ns is 'What nine of ten do not exceed, nanoseconds.';
comment on column thule.live_latency.p99_ns is 'What 99 of 100 do not exceed, nanoseconds.';
comment on column thule.live_latency.max_ns is 'Longest of them, nanoseconds.';
comment on column thule.live_latency.at is 'As of when.';

comment on table thule.live_report is
    'What the daemon of a mount tells of itself when somebody asks, as of then: lines of fields between tabs. Unlogged. The views thule.live_* ask anew and show it.';
comment on column thule.live_report.mount is 'thule.mount.id of the daemon.';
comment on column thule.live_report.topic is 'What was asked for: 1 latencies, which thule.live_latency has; 2 the daemon; 3 descriptors of processes.';
comment on column thule.live_report.lines is 'What it told.';
comment on column thule.live_report.at is 'As of when.';
