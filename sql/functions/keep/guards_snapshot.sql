-- Whether a version that ended is the last of an inode that is gone, of which a snapshot has an older one: it says who may
-- read that (thule_internal.guard), so pruning keeps it as long.
-- Parameters: h, the version; not one that a snapshot has itself. Returns: boolean. Tables touched: inode, inode_history,
-- snapshot (read).
create function thule_internal.guards_snapshot(h thule.inode_history) returns boolean
language sql stable parallel safe cost 1000
return thule_internal.in_snapshot_alone(h.ino)
    and not exists (select from thule.inode_history l where l.ino = h.ino and l.op_from > h.op_from);

-- The same of its last name, which tells the directories above it. Tables touched: also dirent_history (read).
create function thule_internal.guards_snapshot(h thule.dirent_history) returns boolean
language sql stable parallel safe cost 1000
return thule_internal.in_snapshot_alone(h.ino)
    and not exists (select from thule.dirent_history l where l.ino = h.ino and l.op_to > h.op_to);

-- The same of its last access list. Tables touched: also xattr_history (read).
create function thule_internal.guards_snapshot(h thule.xattr_history) returns boolean
language sql stable parallel safe cost 1000
return h.name = 'system.posix_acl_access' and thule_internal.in_snapshot_alone(h.ino)
    and not exists (
        select from thule.xattr_history l where l.ino = h.ino and l.name = h.name and l.op_to > h.op_to);
