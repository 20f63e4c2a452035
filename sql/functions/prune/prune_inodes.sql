-- Deletes the versions of some inodes that ended by an op, and the blobs that nothing refers to then. Of a directory
-- these are also the names that were in it; names in other directories stay, so that who reads them is told
-- (thule_internal.check_kept). A state as of an earlier op lacks the rest, which only pruned_inode says. Stays: as with
-- thule_internal.prune_step.
-- Parameters: inos; horizon, the op.
-- Returns: as thule_internal.prune_step. Errors: those of thule_internal.history_alone.
-- Tables touched: as thule_internal.prune_step, pruned_inode instead of the superblock; those of thule_internal.audit_gone.
create function thule_internal.prune_inodes(inos bigint[], horizon bigint, out inodes bigint, out names bigint,
    out extents bigint, out attributes bigint, out blobs bigint, out bytes bigint)
language plpgsql
as $$
declare
    held    bigint[];
    orphans bigint[];
    snapshots boolean;
begin
    perform thule_internal.history_alone();
    held := array(select thule_internal.held_inodes());
    snapshots := exists (select from thule.snapshot);
    inos := array(select i from unnest(inos) i where i <> all (held));
    perform thule_internal.audit_gone('prune', session_user, horizon, inos);

    -- Whatever else ended, a version of the inode ended with it.
    with gone as (
        delete from thule.inode_history h
        where h.ino = any (inos) and h.op_to <= horizon
            and not exists (select from thule.snapshot s where s.op >= h.op_from and s.op < h.op_to)
            and not (snapshots and exists (select from thule_internal.guards_snapshot(h)))
        returning h.ino
    ), marked as (
        insert into thule.pruned_inode as p (ino, op)
            select distinct g.ino, horizon from gone g
            on conflict (ino) do update set op = greatest(p.op, excluded.op)
    )
    select count(*) into inodes from gone;

    delete from thule.dirent_history where ctid = any (array(
        select h.ctid from thule.dirent_history h
        where h.parent = any (inos) and h.ino <> all (held) and h.op_to <= horizon
            and not exists (select from thule.snapshot s where s.op >= h.op_from and s.op < h.op_to)
            and not (snapshots and exists (select from thule_internal.guards_snapshot(h)))));
    get diagnostics names = row_count;

    delete from thule.xattr_history h
    where h.ino = any (inos) and h.op_to <= horizon
        and not exists (select from thule.snapshot s where s.op >= h.op_from and s.op < h.op_to)
        and not (snapshots and exists (select from thule_internal.guards_snapshot(h)));
    get diagnostics attributes = row_count;

    with gone as (
        delete from thule.extent_history h
        where h.ino = any (inos) and h.op_to <= horizon
            and not exists (select from thule.snapshot s where s.op >= h.op_from and s.op < h.op_to)
        returning h.blob
    )
    select count(*), array_agg(distinct g.blob) into extents, orphans from gone g;
    select f.blobs, f.bytes into blobs, bytes from thule_internal.free_blobs(orphans) f;
end
$$;
