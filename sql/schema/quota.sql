-- Limits of users, groups and directory trees: thule_internal.quota_set. A tree is known by its number, which is
-- inode.project of its top and of all in it.
-- What each column is: comments/quota.sql.
create table thule.quota (
    kind         smallint not null check (kind in (0, 1, 2)),
    id           bigint not null,
    ino          bigint unique,
    name         text not null,
    bytes_limit  bigint check (bytes_limit >= 0),
    inodes_limit bigint check (inodes_limit >= 0),
    history_limit bigint check (history_limit >= 0),
    set_at       timestamptz not null default now(),
    primary key (kind, id),
    check ((kind = 2) = (ino is not null)),
    check (kind = 0 or history_limit is null)
);
