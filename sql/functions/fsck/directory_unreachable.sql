-- Directories that have a name, but not one that leads to the root: they contain each other, or are below one
-- that has no name. (union rather than union all: it is what ends the walk in a circle.)
-- Each directory is asked for what is in it, by index: joined as a whole, all names would be read again for each level.
create function thule_internal.fsck_directory_unreachable() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    with recursive reached (ino) as (
        select 1::bigint
        union
        select e.ino
        from reached r
        cross join lateral (
            select d.ino
            from thule.dirent d
            where d.parent = r.ino and (select bool_or(thule_internal.is_directory(i.mode)) from thule.inode i where i.ino = d.ino)
            offset 0
        ) e
    )
    select 'directory_unreachable' as check_id, 'error' as severity, d.ino,
        format('a directory in directory %s that cannot be reached from the root', min(d.parent)) as detail
    from thule.dirent d
    join thule.inode i on i.ino = d.ino and thule_internal.is_directory(i.mode)
    where not exists (select from reached r where r.ino = d.ino)
    group by d.ino;
end;
