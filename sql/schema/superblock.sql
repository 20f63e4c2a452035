-- One row: what this database is, and how far its ids have been handed out.
-- The holder of the lease hands out ids by itself and stores the high-water marks with each batch, in the
-- transaction of the batch; that is also what makes the replay of a journal happen exactly once.
-- What each column is: comments/superblock.sql.
create table thule.superblock (
    uuid           uuid not null,
    schema_version integer not null,
    created        timestamptz not null default now(),
    next_op        thule.op_number not null,
    next_ino       thule.inode_number not null,
    next_blob      thule.row_id not null,
    pruned_op      bigint not null default 0,
    pruned_before  timestamptz,
    pruned_at      timestamptz,
    swept_op       bigint not null default 0,
    log_op         bigint not null default 0,
    mount          thule.row_id not null default 1,
    mount_op       thule.amount not null default 0,
    -- Every batch updates the row, and the versions before stay for as long as anybody has an old snapshot. In an index by what grows the last
    -- one is at the end; by a constant key each access would walk all of them. One row: thule_internal.fsck_superblock.
    primary key (next_op)
);
