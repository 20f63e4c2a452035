-- Every inode that a path ever led to, by the symbolic links of each time, and when. The last name is not followed.
-- Parameters: path, absolute and escaped (thule_internal.path_names).
-- Returns: rows (ino, op_from, op_to): after op_from and until op_to (2^63-1: still) the path led to ino.
-- Tables touched: dirent, dirent_history, inode, inode_history, mount (read).
-- As thule_internal.named_at, which is for paths without links. The target of a link never changes.
create function thule_internal.led_at(path text) returns table (ino bigint, op_from bigint, op_to bigint)
language sql stable strict parallel safe rows 2
begin atomic
    with recursive entry as not materialized (
        select d.parent, d.name, d.ino, d.op_from, d.op_to from thule.dirent d
        union all
        select d.parent, d.name, d.ino, d.op_from, d.op_to from thule.dirent_history d
    ), walk (ino, todo, op_from, op_to, links) as (
        select 1::bigint, thule_internal.path_names(path), 0::bigint, thule_internal.present(), 0
        union all
        select s.ino, s.todo, greatest(w.op_from, s.op_from), least(w.op_to, s.op_to), w.links + s.links
        from walk w
        cross join lateral (
            -- Only of . and .. it matters, and an inode never changes its kind.
            select case when w.todo[1] in ('.', '..') then exists (
                    select from thule.inode i where i.ino = w.ino and thule_internal.is_directory(i.mode)
                    union all
                    select from thule.inode_history h where h.ino = w.ino and thule_internal.is_directory(h.mode)) end as is_dir
        ) d
        cross join lateral (
            select case when l.target is null then e.ino when get_byte(l.target, 0) = 47 then 1 else w.ino end,
                thule_internal.path_names(case when l.target is null then '/' when get_byte(l.target, 0) = 47 then l.inside
                    else '/' || thule.escape_name(l.target) end) || w.todo[2:],
                e.op_from, e.op_to, case when l.target is null then 0 else 1 end
            from entry e
            left join lateral (
                select t.target, case when get_byte(t.target, 0) = 47 then thule_internal.link_inside(t.target, null) end
                from (
                    select i.target from thule.inode i where i.ino = e.ino
                    union all
                    select h.target from thule.inode_history h where h.ino = e.ino
                    limit 1
                ) t
                where cardinality(w.todo) > 1
            ) l (target, inside) on true
            where e.parent = w.ino and e.name = w.todo[1] and e.op_from < w.op_to and e.op_to > w.op_from
                and (get_byte(l.target, 0) = 47 and l.inside is null) is not true
            union all
            select case when w.todo[1] = '.' then w.ino else 1 end, w.todo[2:], w.op_from, w.op_to, 0
            where (w.todo[1] = '.' or w.todo[1] = '..' and w.ino = 1) and d.is_dir
            union all
            select e.parent, w.todo[2:], e.op_from, e.op_to, 0
            from entry e
            where w.todo[1] = '..' and e.ino = w.ino and e.op_from < w.op_to and e.op_to > w.op_from and d.is_dir
        ) s (ino, todo, op_from, op_to, links)
        where cardinality(w.todo) > 0 and w.links <= 40
    )
    select w.ino, w.op_from, w.op_to from walk w where cardinality(w.todo) = 0;
end;
