-- One row: what this database is, and how far its ids have been handed out.
-- The holder of the lease hands out ids by itself and stores the high-water marks with each batch, in the
-- transaction of the batch; that is also what makes the replay of a journal happen exactly once.
create table thule.superblock (
    one            boolean primary key default true check (one),
    uuid           uuid not null,
    schema_version integer not null,
    created        timestamptz not null default now(),
    next_op        bigint not null,        -- first op id not yet used
    next_ino       bigint not null,        -- first inode number not yet used
    next_blob      bigint not null,        -- first blob id not yet used
    pruned_op      bigint not null default 0,  -- the state as of an earlier op is not kept: see thule.prune_begin
    pruned_before  timestamptz,            -- the time of pruned_op; null: nothing was pruned
    swept_op       bigint not null default 0,  -- how far thule.prune_step has come on the way to pruned_op
    log_op         bigint not null default 0,  -- the log may lack ops before this one
    -- Cookies are twice an op: fs/journal/batch.h.
    constraint superblock_marks check (next_op between 1 and 4611686018427387903
        and next_ino between 1 and 1099511627775 and next_blob >= 1)
) with (fillfactor = 10);                  -- one row, updated by every batch: leave room for HOT
