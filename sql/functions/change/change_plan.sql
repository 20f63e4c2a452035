-- A plan in the tables of thule_internal.change_begin, for people.
-- Parameters: only_conflicts, to leave out what is done; viewer, as of thule_internal.permits: paths through directories that he may not
--   search are ?.
-- Returns: rows: action (remove, bring back, rename, content, mode, owner, times, flags, xattr; of a conflict what is not
--   done: name, remove, content, mode, owner, flags, xattr), path, detail, the op that is taken back, whether it is a conflict, and then
--   who stands on it. Conflicts come last. A path is the one of now, or of before where there is none now.
-- Tables touched: dirent, dirent_history, op, actor (read).
create function thule_internal.change_plan(only_conflicts boolean default false, viewer bigint[] default null) returns table (
    action text, path text, detail text, op bigint, conflict boolean, "by" text)
language plpgsql
as $$
#variable_conflict use_column
begin
    return query
    with change as materialized (
        select 1 as part, c.id as n,
            case when c.to_parent is null then 'remove' when c.from_parent is null then 'bring back' else 'rename' end as action,
            coalesce(c.from_parent, c.to_parent) as parent, coalesce(c.from_name, c.to_name) as name, c.ino, null as detail,
            case when c.from_parent is not null then c.to_parent end as new_parent, c.to_name as new_name,
            c.undone as op, false as conflict, null::bigint as stands
        from pg_temp.change_name c
        where c.active and not only_conflicts
        union all
        select 2, row_number() over (), a.action, p.parent, p.name, i.ino, a.detail, null, null, i.undone, false, null
        from pg_temp.change_inode i
        cross join lateral (
            values ('content', i.content, (select format('%s bytes', sum(e.len)) from pg_temp.change_extent e where e.ino = i.ino)),
                ('mode', i.mode is not null, lpad(to_char(thule_internal.permission_bits(i.mode) / 512 * 1000 + (i.mode & 511) / 64 * 100
                    + (i.mode & 63) / 8 * 10 + (i.mode & 7), 'FM9999'), 4, '0')),
                ('owner', i.uid is not null or i.gid is not null, concat_ws(':', i.uid, i.gid)),
                ('times', i.atime_ns is not null or i.mtime_ns is not null, thule.ns_time(i.mtime_ns)::text),
                ('flags', i.flags is not null, thule_internal.flags_text(i.flags))
        ) a (action, wanted, detail)
        left join lateral (
            select d.parent, d.name from thule.dirent d where d.ino = i.ino
            union all
            select c.to_parent, c.to_name from pg_temp.change_name c where c.ino = i.ino and c.from_parent is null
            limit 1
        ) p on true
        where a.wanted and i.like_ino is null and not only_conflicts
        union all
        select 3, row_number() over (order by x.ino, x.name), 'xattr', p.parent, p.name, x.ino,
            thule.escape_name(x.name) || case when x.value is null then ' goes' else '' end, null, null, x.undone, false, null
        from pg_temp.change_xattr x
        left join lateral (
            select d.parent, d.name from thule.dirent d where d.ino = x.ino
            union all
            select c.to_parent, c.to_name from pg_temp.change_name c where c.ino = x.ino and c.from_parent is null
            limit 1
        ) p on true
        where not only_conflicts
        union all
        select 4, row_number() over (), n.action, n.parent, n.name, n.ino, n.detail, null, null, n.op, true, n."by"
        from pg_temp.change_note n
    ), wanted as materialized (
        select v.ino, min(c.op) as op
        from change c
        cross join lateral (values (c.parent), (c.new_parent)) v (ino)
        where v.ino is not null
        group by v.ino
    ), present as materialized (
        select * from thule_internal.directory_paths(array(select w.ino from wanted w), thule_internal.present())
    ), past as materialized (
        -- Of those that are gone most were there before all of it.
        select *
        from thule_internal.directory_paths(array(select w.ino from wanted w where not exists (select from present p where p.ino = w.ino)),
            (select min(w.op) - 1 from wanted w))
    ), pathless as materialized (
        -- What is there, or was, and yet has no path is too deep for one (thule_internal.max_depth): climbing from it would find the same.
        select w.ino
        from wanted w
        where not exists (select from present p where p.ino = w.ino) and not exists (select from past l where l.ino = w.ino)
            and (exists (select from thule.dirent d where d.ino = w.ino)
                or exists (select from thule.dirent_history h
                    where h.ino = w.ino and h.op_from < (select min(v.op) from wanted v) and h.op_to >= (select min(v.op) from wanted v)))
    ), directory as materialized (
        select w.ino, s.ino is not null as pathless, case
            when viewer is null or thule_internal.may_reach(w.ino, case when exists (select from thule.inode i where i.ino = w.ino)
                then thule_internal.present() else w.op - 1 end, 1, viewer)
            then coalesce(p.path, l.path, case when s.ino is null then rtrim(thule.path_at_op(w.ino, w.op - 1), '/') end)
            else '?' end as path
        from wanted w
        left join present p on p.ino = w.ino
        left join past l on l.ino = w.ino
        left join pathless s on s.ino = w.ino
    )
    select c.action,
        case
            when d.path = '?' then '?'
            when d.path is null and d.pathless then case when viewer is null then thule.escape_name(c.name) else '?' end
            when d.path is null and viewer is not null then coalesce(thule_internal.viewed_path(
                thule.path_at_op(c.ino, thule_internal.present()), thule_internal.present(), viewer), '?')
            else coalesce(d.path || '/' || thule.escape_name(c.name), thule.path_at_op(c.ino, thule_internal.present()),
                thule.path_at_op(c.ino, c.op - 1), thule.path_at_op(c.ino, c.op), thule.escape_name(c.name), '?') end,
        coalesce(c.detail, 'to ' || coalesce(case when n.path = '?' then '?' end, n.path || '/' || thule.escape_name(c.new_name),
            case when c.new_parent is not null then thule.escape_name(c.new_name) end)),
        c.op, c.conflict, case when c.stands is not null then thule_internal.op_by(c.stands) end
    from change c
    left join directory d on d.ino = c.parent
    left join directory n on n.ino = c.new_parent
    order by c.part, c.n;
end
$$;
