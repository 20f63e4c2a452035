-- The log: one row per state-changing operation, never merged, never updated. Columns are in the order in which a row has no gaps.
create table thule.op (
    op         bigint not null,            -- grows in the order in which things happened
    at         timestamptz not null,       -- grows with op, but where the clock was set back: thule.clock_step. The times that the op
                                           -- set to now are this one
    ino        bigint not null,            -- what it was done to
    parent     bigint,                     -- directory and name it was done through, where there is one
    new_parent bigint,                     -- of rename, exchange and link
    off        bigint,                     -- of write, truncate, fallocate, copy_range: bytes; truncate's is the new size
    len        bigint,                     -- of write, fallocate, copy_range, setxattr: bytes
    actor      bigint not null,            -- thule.actor
    mount      bigint not null,            -- thule.mount
    kind       smallint not null,          -- thule.op_kind
    deferred   boolean not null default false, -- the kernel did it later: actor is who opened the file
    name       bytea,                      -- see parent
    new_name   bytea,                      -- see new_parent
    tag        text,                       -- of the actor
    primary key (op)
);
create index op_ino on thule.op (ino, op);
create index op_tag on thule.op (tag, op) where tag is not null;
-- For conditions on time in SQL, whatever the clock did; the programs make an op of a time. The log is appended to, so a few
-- numbers a megabyte do, at no cost to writers.
create index op_at on thule.op using brin (at) with (autosummarize = on);

-- Where the clock of whoever made ops was set back: from this op on, times are those of the corrected clock. Between two of these
-- rows, and before and after them, at grows with op. thule.op_at is the one place that makes an op of a time.
create table thule.clock_step (
    op  bigint not null,                   -- the first op after it
    at  timestamptz not null,              -- its time
    was timestamptz,                       -- of the op before it; null: the log lacks that
    primary key (op)
);

-- Kinds of op. enum op_kind of the program has the same numbers.
create table thule.op_kind (
    id   smallint primary key,
    name text not null unique
);
insert into thule.op_kind (id, name) values
    (1, 'create'), (2, 'mkdir'), (3, 'mknod'), (4, 'symlink'), (5, 'link'), (6, 'unlink'), (7, 'rmdir'),
    (8, 'rename'), (9, 'exchange'), (10, 'write'), (11, 'truncate'), (12, 'chmod'), (13, 'chown'),
    (14, 'utimens'), (15, 'setattr'), (16, 'forget'), (17, 'setxattr'), (18, 'removexattr'), (19, 'mkfs'),
    (20, 'fallocate'), (21, 'copy_range'), (22, 'setflags');
