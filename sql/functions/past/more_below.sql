-- Whether more than so many inodes ever were below some. Parameters: inos; than. Returns: boolean; it looks no further. Tables touched: dirent, dirent_history (read).
create function thule_internal.more_below(inos bigint[], than bigint) returns boolean
language plpgsql stable strict parallel safe
as $$
begin
    return (
        select count(*) > than + cardinality(inos)
        from (
            with recursive walk (ino) as (
                select s.ino from unnest(inos) s (ino)
                union
                select e.ino
                from walk w
                cross join lateral (
                    select d.ino from thule.dirent d where d.parent = w.ino
                    union all
                    select d.ino from thule.dirent_history d where d.parent = w.ino
                    offset 0
                ) e
            )
            select from walk limit than + cardinality(inos) + 1
        ) w);
end
$$;
