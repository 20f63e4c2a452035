-- An empty filesystem: the superblock, and the root directory, which is inode 1 as FUSE wants it.
-- The first op is 16, so that cookies (op * 2) stay clear of the offsets of . and ..
insert into thule.superblock (uuid, schema_version, next_op, next_ino, next_blob)
    values (gen_random_uuid(), 1, 17, 16, 1);

-- It takes no id of the sequence: with wal_level = minimal, what the transaction takes that makes a sequence is
-- not in the WAL, and nor are the next 32, so that a crash would give them out again.
insert into thule.mount (id, host, boot_id, pid, mountpoint, source, options, version, read_only, backend, ended_at,
                         last_op)
    overriding system value
    values (1, '', '', 0, '', 'mkfs', '', '', false, pg_backend_pid(), now(), 16);

insert into thule.actor (id, host, boot_id, pid, start_time, ppid, uid, gid, exe, comm, cmdline, cgroup)
    values (16, '', '', 0, 0, 0, 0, 0, '', 'mkfs', '', '');

insert into thule.op (op, at, kind, ino, actor, mount)
    values (16, now(), 19, 1, 16, 1);

insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns,
                         btime_ns, op_from, valid_from)
    select 1, 16877, 2, 0, 0, 0, 4096, 4096, ns, ns, ns, ns, 16, now()
    from (select (extract(epoch from now()) * 1000000)::bigint * 1000 as ns) t;
