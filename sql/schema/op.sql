-- The log: one row per state-changing operation, never merged, never updated. Columns are in the order in which a row has no gaps.
-- What each column is: comments/op.sql.
create table thule.op (
    op         thule.op_number not null,
    at         timestamptz not null,
    ino        thule.inode_number not null,
    parent     bigint,
    new_parent bigint,
    off        thule.amount,
    len        thule.amount,
    actor      thule.row_id not null,
    mount      thule.mount_number not null,
    kind       thule.kind_number not null,
    deferred   boolean not null default false,
    name       bytea,
    new_name   bytea,
    tag        text,
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
    op  bigint not null,
    at  timestamptz not null,
    was timestamptz,
    primary key (op),
    constraint clock_step_op check (op >= 1)
);

-- Kinds of op. enum op_kind of the program has the same numbers. What our code asks of a kind is a column, so that a new
-- kind is one row here.
create table thule.op_kind (
    id             smallint primary key,
    name           text not null unique,
    makes_inode    boolean not null,
    removes_name   boolean not null,
    replaces       boolean not null,
    changes_bytes  boolean not null,
    has_range      boolean not null,
    to_end         boolean not null,
    makes_holes    boolean not null,
    stores_len     boolean not null,
    sets_mode      boolean not null,
    sets_owner     boolean not null,
    sets_size      boolean not null,
    sets_times     boolean not null,
    sets_flags     boolean not null,
    changes_xattr  boolean not null,
    can_be_undone  boolean not null,
    changes_attributes boolean not null
        generated always as (sets_mode or sets_owner or sets_times or sets_flags or changes_xattr) stored
);
insert into thule.op_kind (id, name, makes_inode, removes_name, replaces, changes_bytes, has_range, to_end, makes_holes, stores_len,
    sets_mode, sets_owner, sets_size, sets_times, sets_flags, changes_xattr, can_be_undone)
select k.id, k.name, k.has ? 'makes_inode', k.has ? 'removes_name', k.has ? 'replaces', k.has ? 'changes_bytes', k.has ? 'has_range',
    k.has ? 'to_end', k.has ? 'makes_holes', k.has ? 'stores_len', k.has ? 'sets_mode', k.has ? 'sets_owner', k.has ? 'sets_size',
    k.has ? 'sets_times', k.has ? 'sets_flags', k.has ? 'changes_xattr', not k.has ? 'stays'
from (values
    (1, 'create', '["makes_inode"]'::jsonb),
    (2, 'mkdir', '["makes_inode"]'),
    (3, 'mknod', '["makes_inode"]'),
    (4, 'symlink', '["makes_inode"]'),
    (5, 'link', '[]'),
    (6, 'unlink', '["removes_name"]'),
    (7, 'rmdir', '["removes_name"]'),
    (8, 'rename', '["replaces"]'),
    (9, 'exchange', '[]'),
    (10, 'write', '["changes_bytes", "has_range", "stores_len"]'),
    (11, 'truncate', '["changes_bytes", "has_range", "to_end", "makes_holes", "sets_size"]'),
    (12, 'chmod', '["sets_mode"]'),
    (13, 'chown', '["sets_owner"]'),
    (14, 'utimens', '["sets_times"]'),
    (15, 'setattr', '["changes_bytes", "sets_mode", "sets_owner", "sets_size", "sets_times"]'),
    (16, 'forget', '["stays"]'),
    (17, 'setxattr', '["changes_xattr", "stores_len"]'),
    (18, 'removexattr', '["changes_xattr"]'),
    (19, 'mkfs', '["sets_times", "stays"]'),
    (20, 'fallocate', '["changes_bytes", "has_range", "makes_holes"]'),
    (21, 'copy_range', '["changes_bytes", "has_range", "makes_holes"]'),
    (22, 'setflags', '["sets_flags"]')
) k (id, name, has);
