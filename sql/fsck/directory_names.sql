-- Directories with several names.
create function thule_internal.fsck_directory_names() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'directory_names' as check_id, 'error' as severity, i.ino,
        format('a directory with %s names', count(*)) as detail,
        max(d.op_from) as op, 'keeps the name that leads to the root, of several the oldest' as repair
    from thule.inode i
    join thule.dirent d on d.ino = i.ino
    where thule_internal.is_directory(i.mode)
    group by i.ino
    having count(*) > 1;
end;

-- All names but one go, by ops. The name that stays leads to the root if one does.
create function thule_internal.repair_directory_names() returns void
language plpgsql
as $$
begin
    insert into pg_temp.change_name (ino, from_parent, from_name)
        with recursive up (ino, parent, name, at) as (
            select d.ino, d.parent, d.name, d.parent
            from thule.dirent d
            where d.ino in (select f.ino from pg_temp.repair_found f where f.check_id = 'directory_names')
            union
            select u.ino, u.parent, u.name, n.parent
            from up u
            cross join lateral (select d.parent from thule.dirent d where d.ino = u.at offset 0) n
            where u.at <> u.ino
        )
        select l.ino, l.parent, l.name
        from (
            select d.ino, d.parent, d.name, row_number() over (partition by d.ino
                order by exists (select from up u where u.ino = d.ino and u.parent = d.parent and u.name = d.name and u.at = 1) desc,
                    d.op_from, d.parent, d.name) as n
            from thule.dirent d
            where d.ino in (select f.ino from pg_temp.repair_found f where f.check_id = 'directory_names')
        ) l
        where l.n > 1;
end
$$;
