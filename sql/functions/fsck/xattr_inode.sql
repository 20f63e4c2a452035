-- Extended attributes of inodes that do not exist.
create function thule_internal.fsck_xattr_inode() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'xattr_inode' as check_id, 'error' as severity, x.ino,
        format('attribute %s is of an inode that does not exist', thule.escape_name(x.name)) as detail
    from thule.xattr x
    where not exists (select from thule.inode i where i.ino = x.ino);
end;
