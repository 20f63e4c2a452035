-- Link counts: of a directory 2 and one for each directory in it, of anything else the number of its names.
-- Inodes without a name are left to fsck_inode_orphan.
create function thule_internal.fsck_nlink() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    with name as (
        select d.ino, count(*) as names from thule.dirent d group by d.ino
    ), subdirectory as (
        select d.parent as ino, count(*) as directories
        from thule.dirent d
        join thule.inode i on i.ino = d.ino and thule_internal.is_directory(i.mode)
        group by d.parent
    ), expected as (
        select i.ino, i.nlink, i.op_from,
            case when thule_internal.is_directory(i.mode) then 2 + coalesce(s.directories, 0) else n.names end as count
        from thule.inode i
        left join name n on n.ino = i.ino
        left join subdirectory s on s.ino = i.ino
        where n.ino is not null or i.ino = 1
    )
    select 'nlink' as check_id, 'error' as severity, e.ino, format('nlink is %s, should be %s', e.nlink, e.count) as detail,
        e.op_from as op, 'counted anew' as repair
    from expected e
    where e.nlink <> e.count;
end;

-- A new version of the inode has its links counted.
create function thule_internal.repair_nlink() returns void
language plpgsql
as $$
begin
    insert into pg_temp.repair_inode (ino)
        select distinct f.ino from pg_temp.repair_found f where f.check_id = 'nlink' on conflict do nothing;
end
$$;
