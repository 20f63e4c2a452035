-- Offsets of entries in their directory: above 2 (. and .. have 1 and 2), no two alike in one directory.
create function thule_internal.fsck_dirent_cookie() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'dirent_cookie' as check_id, 'error' as severity, d.ino,
        format('name %s in directory %s has cookie %s, which is not above 2', thule.escape_name(d.name), d.parent,
            d.cookie) as detail, d.op_from as op, 'gets a free cookie' as repair
    from thule.dirent d
    where d.cookie <= 2
    union all
    select 'dirent_cookie', 'error', d.parent, format('%s entries have cookie %s', count(*), d.cookie), max(d.op_from), 'all but one get free cookies'
    from thule.dirent d
    group by d.parent, d.cookie
    having count(*) > 1;
end;

-- In place: the lowest that no name of the directory has or had. Those of ops are higher.
create function thule_internal.repair_dirent_cookie() returns void
language plpgsql
as $$
begin
    with place as (
        select d.parent from thule.dirent d where d.cookie <= 2
        union
        select d.parent from thule.dirent d group by d.parent, d.cookie having count(*) > 1
    ), bad as (
        select d.parent, d.name, row_number() over (partition by d.parent order by d.op_from, d.name) as n
        from (
            select x.*, row_number() over (partition by x.parent, x.cookie order by x.op_from, x.name) as again
            from place p
            join thule.dirent x on x.parent = p.parent
        ) d
        where d.cookie <= 2 or d.again > 1
    ), free as (
        select p.parent, g.cookie, row_number() over (partition by p.parent order by g.cookie) as n
        from (
            select b.parent, count(*) + (select count(*) from thule.dirent d where d.parent = b.parent)
                + (select count(*) from thule.dirent_history d where d.parent = b.parent) as count
            from bad b
            group by b.parent
        ) p
        cross join lateral generate_series(3, 3 + p.count) g (cookie)
        where not exists (select from thule.dirent d where d.parent = p.parent and d.cookie = g.cookie)
            and not exists (select from thule.dirent_history d where d.parent = p.parent and d.cookie = g.cookie)
    ), given as (
        update thule.dirent d set cookie = f.cookie
            from bad b join free f on f.parent = b.parent and f.n = b.n
            where d.parent = b.parent and d.name = b.name
            returning d.parent
    )
    insert into pg_temp.repair_inode (ino) select distinct g.parent from given g on conflict do nothing;
end
$$;
