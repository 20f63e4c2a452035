-- Directories with several names.
create view thule.fsck_directory_names as
select 'directory_names' as check_id, 'error' as severity, i.ino,
    format('a directory with %s names', count(*)) as detail
from thule.inode i
join thule.dirent d on d.ino = i.ino
where i.mode & 61440 = 16384
group by i.ino
having count(*) > 1;
