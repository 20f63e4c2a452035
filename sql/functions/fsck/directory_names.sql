-- Directories with several names.
create function thule_internal.fsck_directory_names() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'directory_names' as check_id, 'error' as severity, i.ino,
        format('a directory with %s names', count(*)) as detail
    from thule.inode i
    join thule.dirent d on d.ino = i.ino
    where thule_internal.is_directory(i.mode)
    group by i.ino
    having count(*) > 1;
end;
