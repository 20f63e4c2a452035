-- The root is inode 1, a directory, and has no name.
create function thule_internal.fsck_root() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'root' as check_id, 'error' as severity, 1::bigint as ino, 'there is no inode 1' as detail
    where not exists (select from thule.inode i where i.ino = 1)
    union all
    select 'root', 'error', i.ino, format('the root is not a directory: mode is %s', to_hex(i.mode))
    from thule.inode i
    where i.ino = 1 and not thule_internal.is_directory(i.mode)
    union all
    select 'root', 'error', d.ino, format('the root has a name: %s in inode %s', thule.escape_name(d.name), d.parent)
    from thule.dirent d
    where d.ino = 1;
end;
