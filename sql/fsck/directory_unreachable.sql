-- Directories that have a name, but not one that leads to the root: they contain each other, or are below one
-- that has no name. (union rather than union all: it is what ends the walk in a circle.)
-- Each directory is asked for what is in it, by index: joined as a whole, all names would be read again for each level. Which of
-- that are directories is known before, as ranges of numbers (21 bytes each): to look for the inode of each name takes three times as long.
create function thule_internal.fsck_directory_unreachable() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    with recursive directory (inos) as materialized (
        select range_agg(int8range(i.ino, i.ino + 1))
        from thule.inode i
        where thule_internal.is_directory(i.mode) and i.ino < thule_internal.present()
    ), reached (ino) as (
        select 1::bigint
        union
        select e.ino
        from reached r
        cross join lateral (
            select d.ino
            from thule.dirent d
            where d.parent = r.ino and (select d.ino::bigint <@ f.inos from directory f)
            offset 0
        ) e
    )
    select 'directory_unreachable' as check_id, 'error' as severity, d.ino,
        format('a directory in directory %s that cannot be reached from the root', min(d.parent)) as detail,
        max(d.op_from) as op, 'moved to lost+found, or with the directory that it is in' as repair
    from thule.dirent d
    join thule.inode i on i.ino = d.ino and thule_internal.is_directory(i.mode)
    where not exists (select from reached r where r.ino = d.ino)
    group by d.ino;
end;

-- One directory of each circle is moved, by an op; what is below it comes with it. Those below an inode without a name: thule_internal.repair_inode_orphan.
create function thule_internal.repair_directory_unreachable() returns void
language plpgsql
as $$
begin
    perform thule_internal.repair_save(d.ino, d.parent, d.name)
    from (
        with recursive up (ino, at) as (
            select f.ino, f.ino from pg_temp.repair_found f where f.check_id = 'directory_unreachable'
            union
            select u.ino, n.parent
            from up u
            cross join lateral (select d.parent from thule.dirent d where d.ino = u.at offset 0) n
        )
        -- A directory that its own way up leads back to; of those on that way the first.
        select distinct on (e.ino) e.ino, e.parent, e.name
        from (
            select u.ino
            from up u
            group by u.ino
            having min(u.at) = u.ino
        ) c
        join thule.dirent e on e.ino = c.ino
        where exists (select from up b join thule.dirent r on r.parent = b.at and r.ino = c.ino where b.ino = c.ino)
        order by e.ino, e.op_from
    ) d;
end
$$;
