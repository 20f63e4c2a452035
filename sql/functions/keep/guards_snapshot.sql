-- Whether a version that ended is the last of an inode that is gone, of which a snapshot has an older one: it says who may
-- read that (thule_internal.guard), so pruning keeps it as long.
-- Parameters: h, the version; not one that a snapshot has itself. Returns: one row if so, else none. Tables touched: inode, inode_history,
-- snapshot (read).
-- In `exists (select from thule_internal.guards_snapshot(h))` the planner puts this body in place of a call, which would cost 20 times as much. What is
-- later is asked for first, so that only one version of each inode is looked at any further.
create function thule_internal.guards_snapshot(h thule.inode_history) returns setof boolean
language sql stable parallel safe rows 1
begin atomic
    select true
    where not exists (select from thule.inode_history l where l.ino = h.ino and l.op_from > h.op_from)
        and exists (select from thule_internal.in_snapshot_alone(h.ino));
end;

-- The same of its last name, which tells the directories above it. Tables touched: also dirent_history (read).
create function thule_internal.guards_snapshot(h thule.dirent_history) returns setof boolean
language sql stable parallel safe rows 1
begin atomic
    select true
    where not exists (select from thule.dirent_history l where l.ino = h.ino and l.op_to > h.op_to)
        and exists (select from thule_internal.in_snapshot_alone(h.ino));
end;

-- The same of its last access list. Tables touched: also xattr_history (read).
create function thule_internal.guards_snapshot(h thule.xattr_history) returns setof boolean
language sql stable parallel safe rows 1
begin atomic
    select true
    where h.name = 'system.posix_acl_access'
        and not exists (
            select from thule.xattr_history l where l.ino = h.ino and l.name = h.name and l.op_to > h.op_to)
        and exists (select from thule_internal.in_snapshot_alone(h.ino));
end;
