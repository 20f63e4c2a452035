-- Inodes without a name. With nlink 0 they are files that were open when their last name went; the next mount
-- clears up what a crash left of them, so they are a violation only while nothing is mounted.
create function thule_internal.fsck_inode_orphan() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'inode_orphan' as check_id,
        case when i.nlink = 0 then 'warning' else 'error' end as severity,
        i.ino,
        case when i.nlink = 0 then 'no name and nlink 0, and no mount that may have it open'
             else format('nlink is %s, but no name leads to it', i.nlink) end as detail
    from thule.inode i
    where i.ino <> 1
        and not exists (select from thule.dirent d where d.ino = i.ino)
        and (i.nlink <> 0 or not exists (select from thule.mount m where m.ended_at is null));
end;
