-- Names of inodes that do not exist, and names in what is not a directory.
create function thule_internal.fsck_dirent_dangling() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'dirent_dangling' as check_id, 'error' as severity, d.ino,
        format('name %s in directory %s is of an inode that does not exist', thule.escape_name(d.name), d.parent)
            as detail
    from thule.dirent d
    where not exists (select from thule.inode i where i.ino = d.ino)
    union all
    select 'dirent_dangling', 'error', d.ino,
        format('name %s is in inode %s, which %s', thule.escape_name(d.name), d.parent,
            case when p.ino is null then 'does not exist' else 'is not a directory' end)
    from thule.dirent d
    left join thule.inode p on p.ino = d.parent
    where p.ino is null or not thule_internal.is_directory(p.mode);
end;
