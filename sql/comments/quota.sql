comment on table thule.quota is 'Limits of users, groups and directory trees, which thule quota sets. thule.quota_usage shows what is used of them.';
comment on column thule.quota.kind is '0 a user, 1 a group, 2 a directory tree.';
comment on column thule.quota.id is 'User id, group id, or number of the tree.';
comment on column thule.quota.ino is 'Inode of the directory at the top of the tree; NULL of a user or group.';
comment on column thule.quota.name is 'Name of the user or group, or path of the tree, as it was given.';
comment on column thule.quota.bytes_limit is 'Limit of bytes, as st_blocks counts them, plus those of extended attributes; NULL: none.';
comment on column thule.quota.inodes_limit is 'Limit of files, directories and other inodes; NULL: none.';
comment on column thule.quota.history_limit is 'Limit of bytes that only the past of a user''s files has; NULL: none, and always of groups and trees.';
comment on column thule.quota.set_at is 'When it was set.';
