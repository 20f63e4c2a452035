-- Makes the temporary tables in which a change of the tables as a whole (undo, restore, erase, repair) is planned, empty.
-- Parameters: none. Returns: nothing.
-- Tables touched: those of pg_temp, which go with the transaction. A plan has no op ids in it: thule_internal.change_order
-- gives them, thule_internal.change_apply writes it all.
-- Every table that passes from one function to another is declared here, in undo_begin, quota_begin, erase_begin or repair_begin, with its columns, and
-- in no other place (tests/sql/test_plan_tables.sql). Tables that one function alone uses are made there. Keys of large ones are made
-- after they are filled, by whoever fills them.
create function thule_internal.change_begin() returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.change_name, pg_temp.change_inode, pg_temp.change_cut, pg_temp.change_extent,
        pg_temp.change_xattr, pg_temp.change_frozen, pg_temp.change_note, pg_temp.touched, pg_temp.change_power,
        pg_temp.change_op, pg_temp.change_mode, pg_temp.change_step, pg_temp.change_row;
    -- A name of ino goes from one place to another; from nowhere: it is made, to nowhere: it is removed.
    create temp table change_name (
        id          bigint generated always as identity primary key,
        ino         bigint not null,
        from_parent bigint,
        from_name   bytea,
        to_parent   bigint,
        to_name     bytea,
        undone      bigint,                 -- the (first) op that it takes back
        since       bigint,                 -- the place to go to is that after this op
        active      boolean not null default true,
        op_off      bigint,                 -- the op that takes the name away, from change_order
        op_on       bigint                  -- the op that makes it; the same one for a rename
    ) on commit drop;
    create index on change_name (from_parent, from_name);
    create index on change_name (to_parent, to_name);
    create index on change_name (ino);
    -- What an inode is to be. Null: as it is, or, of one that is gone, as it was when it went.
    create temp table change_inode (
        ino       bigint primary key,
        mode      integer,
        uid       bigint,
        gid       bigint,
        size      bigint,
        atime_ns  bigint,
        mtime_ns  bigint,
        flags     integer,
        like_ino  bigint,                   -- of a new inode: a copy of this one,
        like_op   bigint,                   -- as it was after this op
        content   boolean not null default false,  -- change_cut and change_extent have rows of it, or size differs
        undone    bigint,
        op        bigint                    -- the op that changes it, from change_order
    ) on commit drop;
    -- Bytes that go, and bytes that come. Those of an inode that is made anew come only.
    create temp table change_cut (ino bigint not null, lo bigint not null, hi bigint not null) on commit drop;
    create temp table change_extent (
        ino bigint not null, file_off bigint not null, len bigint not null, blob bigint not null, blob_off bigint not null
    ) on commit drop;
    create index on change_extent (ino);
    -- Extended attributes that are to be other ones; of an inode that is made anew, than those that it had when it went.
    create temp table change_xattr (
        ino    bigint not null,
        name   bytea not null,
        value  bytea,                       -- null: it goes
        undone bigint,
        op     bigint,                      -- the op that changes it, from change_order; null: the inode is not there
        primary key (ino, name)
    ) on commit drop;
    -- What the flags of chattr(1) protect: nothing of it changes; append: names may be added to it. op set the flags.
    create temp table change_frozen (ino bigint primary key, append boolean not null, op bigint) on commit drop;
    -- What is left as it is, and why; op is the later change that stands on it.
    create temp table change_note (
        action text not null, ino bigint, parent bigint, name bytea, detail text not null, op bigint, "by" bigint
    ) on commit drop;
    -- What caches have to drop; revived: a directory that was gone and is back.
    create temp table touched (ino bigint, parent bigint, name bytea, revived boolean not null default false, stays boolean not null default false) on commit drop;
    -- Files to which the plan gives set-id bits or security.capability (caps), from thule_internal.change_power_files.
    create temp table change_power (
        ino      bigint not null,
        copy     boolean not null,          -- it is a copy of another inode
        mode     integer not null,          -- as planned, like the next ones
        uid      bigint not null,
        gid      bigint not null,
        size     bigint not null,
        caps     bytea,                     -- null: none
        mode_now integer,                   -- null: it is not there
        caps_now bytea,
        undone   bigint,
        known    boolean not null           -- there was an instant at which it had all of that together
    ) on commit drop;
    -- The ops that the plan becomes, from thule_internal.change_order: columns as those of thule.op, kind as thule.op_kind.name.
    create temp table change_op (
        op bigint not null, kind text not null, ino bigint not null, parent bigint, name bytea, new_parent bigint,
        new_name bytea, off bigint, len bigint
    ) on commit drop;
    -- What the inodes of the plan are, and whether they are there.
    create temp table change_mode (ino bigint not null, mode integer not null, there boolean not null) on commit drop;
    -- What each op changes of an inode, from thule_internal.change_steps.
    create temp table change_step (
        ino        bigint not null,
        op         bigint not null,
        next       bigint,                  -- the inode's next op
        content    boolean not null,        -- this op or one before it changes bytes and size,
        attributes boolean not null,        -- mode, owner or times,
        flags      boolean not null,        -- flags
        links      bigint not null,         -- how many more there are than before the first op
        xattrs     bigint not null
    ) on commit drop;
    -- Every inode that is not as it was: its first op, its last, how many names it has then, and whether it goes with the last.
    create temp table change_row (
        ino bigint not null, first bigint not null, last bigint not null, names bigint not null, gone boolean not null
    ) on commit drop;
end
$$;
