-- Deletes the next versions that are older than what thule_internal.prune_begin has declared gone, and the blobs that nothing
-- refers to then. To be called again, each time in a transaction of its own, until it is done; can be given up at any
-- time, and goes on where it was. Safe while mounted: what it deletes is in no state that anyone may still ask for.
-- Stays: what was true at a snapshot, and what says who may read that (thule_internal.guards_snapshot); the past of held files.
-- Parameters: max_rows, about how many versions of a kind to delete.
-- Returns: inodes, names, extents, attributes: versions that were deleted; blobs, bytes: what was freed; swept: up to
--   which op it is done; done: with all. Errors: those of thule_internal.history_alone.
-- Tables touched: inode_history, dirent_history, extent_history, xattr_history, blob, pruned_inode, superblock (written); snapshot,
--   hold, dirent, extent (read).
create function thule_internal.prune_step(max_rows integer, out inodes bigint, out names bigint, out extents bigint,
    out attributes bigint, out blobs bigint, out bytes bigint, out swept bigint, out done boolean)
language plpgsql
as $$
declare
    held    bigint[];
    orphans bigint[];
    low     bigint;
    high    bigint;
    horizon bigint;
    whole   boolean;
    snapshots boolean;
begin
    perform thule_internal.history_alone();
    held := array(select thule_internal.held_inodes());
    snapshots := exists (select from thule.snapshot);
    select s.swept_op, s.pruned_op into low, horizon from thule.superblock s;
    high := least(low + greatest(max_rows / 2, 1), horizon);  -- an op often ends two versions of a kind

    -- Rows of the past are only ever inserted by others, so their places stay.
    delete from thule.inode_history where ctid = any (array(
        select h.ctid from thule.inode_history h
        where h.op_to > low and h.op_to <= high and h.ino <> all (held)
            and not exists (select from thule.snapshot s where s.op >= h.op_from and s.op < h.op_to)
            and not (snapshots and exists (select from thule_internal.guards_snapshot(h)))
        limit max_rows));
    get diagnostics inodes = row_count;

    delete from thule.dirent_history where ctid = any (array(
        select h.ctid from thule.dirent_history h
        where h.op_to > low and h.op_to <= high and h.ino <> all (held) and h.parent <> all (held)
            and not exists (select from thule.snapshot s where s.op >= h.op_from and s.op < h.op_to)
            and not (snapshots and exists (select from thule_internal.guards_snapshot(h)))
        limit max_rows));
    get diagnostics names = row_count;

    delete from thule.xattr_history where ctid = any (array(
        select h.ctid from thule.xattr_history h
        where h.op_to > low and h.op_to <= high and h.ino <> all (held)
            and not exists (select from thule.snapshot s where s.op >= h.op_from and s.op < h.op_to)
            and not (snapshots and exists (select from thule_internal.guards_snapshot(h)))
        limit max_rows));
    get diagnostics attributes = row_count;

    with gone as (
        delete from thule.extent_history where ctid = any (array(
            select h.ctid from thule.extent_history h
            where h.op_to > low and h.op_to <= high and h.ino <> all (held)
                and not exists (select from thule.snapshot s where s.op >= h.op_from and s.op < h.op_to)
            limit max_rows))
        returning blob
    )
    select count(*), array_agg(distinct g.blob) into extents, orphans from gone g;
    select f.blobs, f.bytes into blobs, bytes from thule_internal.free_blobs(orphans) f;

    whole := greatest(inodes, names, attributes, extents) < max_rows;
    swept := case when whole then high else low end;
    done := whole and high >= horizon;
    if done then
        delete from thule.pruned_inode p where p.op <= horizon;
    end if;
    -- The row of the superblock is what the daemon's batches update: locked last, and for a moment.
    update thule.superblock s set swept_op = high where whole and s.swept_op < high;
end
$$;
