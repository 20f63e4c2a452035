-- Inodes. Times of the file are nanoseconds since the epoch, because timestamptz holds microseconds;
-- valid_from and valid_to are system time: when this version began and ended to be true.
-- op_from and op_to are the ops that began and ended it; a version that has not ended has
-- op_to = 2^63-1 and valid_to = infinity.
-- What each column is: comments/inode.sql.
create table thule.inode (
    ino        thule.inode_number not null,
    mode       thule.file_mode not null,
    nlink      integer not null,
    uid        thule.owner_number not null,
    gid        thule.owner_number not null,
    rdev       thule.number32 not null,
    size       thule.file_size not null,
    allocated  thule.file_size not null,
    atime_ns   bigint not null,
    mtime_ns   bigint not null,
    ctime_ns   bigint not null,
    btime_ns   bigint not null,
    flags      integer not null default 0,
    xattrs     integer not null default 0,
    project    thule.number32 not null default 0,
    target     thule.link_target,
    op_from    bigint not null,
    valid_from timestamptz not null,
    op_to      bigint not null default 9223372036854775807,
    valid_to   timestamptz not null default 'infinity',
    era        bigint
) with (fillfactor = 85);
-- An inode has one row, which thule.fsck checks (version_overlap). A unique index would have the server look at all the rows that an old snapshot keeps of an
-- inode whenever a new version of it does not fit in the page of the one before. The key ends in what grows now and then (apply_inode_update), so the living row
-- is among the last few of its inode, and most versions need no entry (HOT).
create index inode_ino on thule.inode (ino, era nulls first);
-- Those that are open and have no name: each mount, and each transaction by SQL beside one, looks for them.
create index inode_nameless on thule.inode (ino) where nlink = 0;
alter table thule.inode replica identity full; -- see thule.inode_history

-- Versions that ended, in the same columns and order.
create table thule.inode_history (like thule.inode including defaults including constraints);
-- For a publication of all tables, which refuses deletes otherwise. It costs nothing below wal_level = logical.
alter table thule.inode_history replica identity full;
create index inode_history_ino on thule.inode_history (ino, op_from);
-- Versions are appended as they end, so a few numbers a megabyte tell prune where to look, at no cost to writers.
create index inode_history_op_to on thule.inode_history using brin (op_to) with (autosummarize = on);
alter table thule.inode alter column target set statistics 0;          -- see thule.blob
alter table thule.inode_history alter column target set statistics 0;
