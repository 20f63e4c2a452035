-- Inodes. Times of the file are nanoseconds since the epoch, because timestamptz holds microseconds;
-- valid_from and valid_to are system time: when this version began and ended to be true.
-- op_from and op_to are the ops that began and ended it; a version that has not ended has
-- op_to = 2^63-1 and valid_to = infinity.
create table thule.inode (
    ino        bigint not null,
    mode       integer not null,           -- st_mode: type and permission bits
    nlink      integer not null,           -- 0: open, but without a name
    uid        bigint not null,
    gid        bigint not null,
    rdev       bigint not null,            -- st_rdev of device nodes, 0 otherwise
    size       bigint not null,            -- bytes
    allocated  bigint not null,            -- bytes that st_blocks counts
    atime_ns   bigint not null,
    mtime_ns   bigint not null,
    ctime_ns   bigint not null,
    btime_ns   bigint not null,
    flags      integer not null default 0, -- FS_*_FL bits: ioctl_iflags(2)
    xattrs     integer not null default 0, -- how many rows thule.xattr has of it
    project    bigint not null default 0,  -- thule.quota of a directory tree; 0: in none
    target     bytea,                      -- of a symbolic link
    op_from    bigint not null,
    valid_from timestamptz not null,
    op_to      bigint not null default 9223372036854775807,
    valid_to   timestamptz not null default 'infinity',
    primary key (ino),
    -- What no file can be: fs/base/limits.h. Whoever restores a dump without these, or drops them, has thule.fsck.
    constraint inode_mode check (mode between 0 and 65535
        and mode & 61440 in (4096, 8192, 16384, 24576, 32768, 40960, 49152)),
    constraint inode_numbers check (ino between 1 and 1099511627775 and nlink >= 0
        and uid between 0 and 4294967294 and gid between 0 and 4294967294 and rdev between 0 and 4294967295
        and size between 0 and 9223372036854771712 and allocated between 0 and 9223372036854771712
        and xattrs >= 0 and project between 0 and 4294967295),
    constraint inode_target check (case when mode & 61440 = 40960
        then target is not null and octet_length(target) between 1 and 4095 and position('\x00'::bytea in target) = 0
        else target is null end)
) with (fillfactor = 85);

-- Versions that ended, in the same columns and order.
create table thule.inode_history (like thule.inode including defaults including constraints);
-- For a publication of all tables, which refuses deletes otherwise. It costs nothing below wal_level = logical.
alter table thule.inode_history replica identity full;
create index inode_history_ino on thule.inode_history (ino, op_from);
-- Versions are appended as they end, so a few numbers a megabyte tell prune where to look, at no cost to writers.
create index inode_history_op_to on thule.inode_history using brin (op_to) with (autosummarize = on);
alter table thule.inode alter column target set statistics 0;          -- see thule.blob
alter table thule.inode_history alter column target set statistics 0;
