-- Makes the temporary tables that the parts of an undo pass to each other, empty: see thule_internal.change_begin.
-- Parameters: none. Returns: nothing.
-- Tables touched: those of pg_temp, which go with the transaction.
create function thule_internal.undo_begin() returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.undo_op, pg_temp.undo_back, pg_temp.undo_moot, pg_temp.undo_live, pg_temp.undo_version, pg_temp.undo_gap,
        pg_temp.undo_ended, pg_temp.undo_attr, pg_temp.undo_file, pg_temp.undo_piece, pg_temp.undo_cut, pg_temp.undo_other;
    -- The ops that are undone, from thule_internal.undo_select: columns as those of thule.op.
    create temp table undo_op (
        op bigint not null, kind smallint not null, ino bigint not null, parent bigint, name bytea, new_parent bigint, new_name bytea
    ) on commit drop;
    -- Undos that stand, from thule_internal.undo_earlier: their own ops, and those that they were to take back.
    create temp table undo_back (op bigint primary key, request bigint not null) on commit drop;
    create temp table undo_moot (op bigint not null, request bigint not null, primary key (op, request)) on commit drop;

    -- From thule_internal.undo_inodes. Inodes that are there in the end; comes_back: that are not there now.
    create temp table undo_live (ino bigint not null, comes_back boolean not null) on commit drop;
    -- Their versions, and which of them changed which attribute; own: the op that began it is undone.
    create temp table undo_version (
        ino bigint not null, op_from bigint not null, op_to bigint not null, mode integer, uid bigint, gid bigint, size bigint,
        atime_ns bigint, mtime_ns bigint, flags integer, acl bytea, is_mode boolean, is_uid boolean, is_gid boolean, is_size boolean,
        is_atime boolean, is_mtime boolean, is_flags boolean, own boolean not null
    ) on commit drop;
    -- When inodes were gone: ops.
    create temp table undo_gap (ino bigint not null, died bigint not null, back bigint not null) on commit drop;
    -- Ops that an undo that stands has taken back by removing the inode.
    create temp table undo_ended (ino bigint not null, op bigint not null) on commit drop;
    -- Attributes that what is undone has changed.
    create temp table undo_attr (
        ino        bigint not null,
        attr       text not null,           -- mode, uid, gid, size, atime, mtime or flags
        value      bigint,                  -- to go back to; acl: with the mode
        acl        bytea,
        first_mine bigint not null,         -- the first op that is undone, of those that changed it
        kept       bigint not null,         -- the last op that stays, of those; 0: none
        stands     boolean not null,        -- that one is later than all that are undone
        value_now  bigint,
        acl_now    bytea,
        differs    boolean not null,
        back_until bigint                   -- op_to of the version to go back to
    ) on commit drop;
    -- Regular files whose bytes what is undone may have changed, and the first op that did.
    create temp table undo_file (ino bigint not null, first_mine bigint not null) on commit drop;

    -- From thule_internal.undo_pieces. Segments of files, in which nothing one op has set begins or ends.
    create temp table undo_cut (ino bigint not null, lo bigint not null, hi bigint) on commit drop;
    -- The blob that the bytes of a segment were in, from byte lo - shift on, and between which ops.
    create temp table undo_piece (
        ino bigint not null, lo bigint not null, hi bigint not null, blob bigint not null, shift bigint not null,
        op_from bigint not null, op_to bigint not null
    ) on commit drop;
    -- Later ops that stay and set the bytes of a range; hole: maybe to a hole.
    create temp table undo_other (op bigint not null, ino bigint not null, lo bigint not null, hi bigint not null, hole boolean not null)
        on commit drop;
end
$$;
