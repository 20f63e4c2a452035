-- Limits of users, groups and directory trees: thule.quota_set. A tree is known by its number, which is
-- inode.project of its top and of all in it.
create table thule.quota (
    kind         smallint not null check (kind in (0, 1, 2)),  -- user, group, tree; enum quota_kind
    id           bigint not null,          -- uid, gid, or number of the tree
    ino          bigint unique,            -- top of the tree
    name         text not null,            -- as it was given: of the user or group; path
    bytes_limit  bigint check (bytes_limit >= 0),   -- null: none
    inodes_limit bigint check (inodes_limit >= 0),
    history_limit bigint check (history_limit >= 0), -- of users: bytes that only the past has
    set_at       timestamptz not null default now(),
    primary key (kind, id),
    check ((kind = 2) = (ino is not null)),
    check (kind = 0 or history_limit is null)
);
