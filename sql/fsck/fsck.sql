-- What is wrong with the filesystem: one row per violation, none when it is sound. severity is 'error' (the state
-- contradicts itself) or 'warning' (it holds something that it need not). ino is null where none is concerned.
-- One statement reads one snapshot, and every commit of the daemon is a sound state, so it can be asked at any
-- time, also while mounted.
create view thule.fsck as
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_root()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_inode_orphan()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_inode_attribute()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_dirent_dangling()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_dirent_name()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_dirent_cookie()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_nlink()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_directory_names()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_directory_unreachable()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_extent_inode()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_extent_range()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_extent_overlap()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_extent_blob()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_blob_unused()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_xattr_inode()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_xattr_count()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_xattr_text()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_version_interval()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_version_overlap()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_extent_version()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_version_gap()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_version_op()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_op_version()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_quota_tree()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_superblock()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_op_reference()
union all
select check_id, severity, ino, detail, op, repair from thule_internal.fsck_op_order();

comment on view thule.fsck is
    'What is wrong with the filesystem: one row for each violation; none: it is sound. Can be asked at any time, also while mounted. Example: select check_id, count(*) from thule.fsck group by check_id;';
comment on column thule.fsck.check_id is 'Which check found it: function fsck_NAME has the rule.';
comment on column thule.fsck.severity is 'error: the state contradicts itself; warning: it holds something that it need not.';
comment on column thule.fsck.ino is 'Inode that it is about; NULL: none is concerned.';
comment on column thule.fsck.detail is 'What is wrong, in words and numbers.';
comment on column thule.fsck.op is 'Op that wrote the row which is wrong, where the row says it; thule.change has who did it.';
comment on column thule.fsck.repair is 'What thule fsck --repair makes of it; none: it does nothing, and why.';
