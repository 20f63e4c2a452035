-- What pruning would delete.
-- Parameters: horizon, the op whose state is the oldest to be kept; inos, null for all inodes.
-- Returns: as thule_internal.prune_step.
-- Tables touched: inode_history, dirent_history, extent_history, xattr_history, blob, snapshot, hold, dirent, extent (read).
create function thule_internal.prune_preview(horizon bigint, inos bigint[], out inodes bigint, out names bigint,
    out extents bigint, out attributes bigint, out blobs bigint, out bytes bigint)
language plpgsql stable
as $$
declare
    held bigint[] := array(select thule_internal.held_inodes());
    snapshots constant boolean := exists (select from thule.snapshot);
begin
    select count(*) into inodes from thule.inode_history h
    where h.op_to <= horizon and h.ino <> all (held) and (inos is null or h.ino = any (inos))
        and not exists (select from thule.snapshot s where s.op >= h.op_from and s.op < h.op_to)
        and not (snapshots and exists (select from thule_internal.guards_snapshot(h)));
    select count(*) into names from thule.dirent_history h
    where h.op_to <= horizon and h.ino <> all (held) and h.parent <> all (held)
        and (inos is null or h.parent = any (inos))
        and not exists (select from thule.snapshot s where s.op >= h.op_from and s.op < h.op_to)
        and not (snapshots and exists (select from thule_internal.guards_snapshot(h)));
    select count(*) into attributes from thule.xattr_history h
    where h.op_to <= horizon and h.ino <> all (held) and (inos is null or h.ino = any (inos))
        and not exists (select from thule.snapshot s where s.op >= h.op_from and s.op < h.op_to)
        and not (snapshots and exists (select from thule_internal.guards_snapshot(h)));
    with doomed as (
        select h.blob,
            h.op_to <= horizon and h.ino <> all (held) and (inos is null or h.ino = any (inos))
                and not exists (select from thule.snapshot s where s.op >= h.op_from and s.op < h.op_to) as goes
        from thule.extent_history h
    ), freed as (
        select d.blob from doomed d
        where not exists (select from thule.extent e where e.blob = d.blob)
        group by d.blob having bool_and(d.goes)
    )
    select (select count(*) from doomed d where d.goes), count(*), coalesce(sum(octet_length(b.data)), 0)
    into extents, blobs, bytes
    from freed f join thule.blob b on b.id = f.blob;
end
$$;
