-- A plan in the tables of thule.change_begin, for people.
-- Parameters: none.
-- Returns: rows: action (remove, bring back, rename, content, mode, owner, times; of a conflict what is not done: name,
--   remove, content, mode, owner), path, detail, the op that is taken back, whether it is a conflict, and then
--   who stands on it. Conflicts come last.
-- Tables touched: dirent, dirent_history, op, actor (read).
create function thule.change_plan() returns table (
    action text, path text, detail text, op bigint, conflict boolean, "by" text)
language plpgsql
as $$
#variable_conflict use_column
begin
    return query
    with change as (
        select 1 as part, c.id as n,
            case when c.to_parent is null then 'remove' when c.from_parent is null then 'bring back' else 'rename' end as action,
            coalesce(c.from_parent, c.to_parent) as parent, coalesce(c.from_name, c.to_name) as name, c.ino,
            case when c.from_parent is not null and c.to_parent is not null
                then 'to ' || coalesce(thule.entry_path(c.to_parent, c.to_name, 9223372036854775807),
                    thule.entry_path(c.to_parent, c.to_name, c.undone - 1), thule.escape_name(c.to_name)) end as detail,
            c.undone as op, false as conflict, null::bigint as stands
        from pg_temp.change_name c
        where c.active
        union all
        select 2, row_number() over (), a.action, null, null, i.ino, a.detail, i.undone, false, null
        from pg_temp.change_inode i
        cross join lateral (
            values ('content', i.content, (select format('%s bytes', sum(e.len)) from pg_temp.change_extent e where e.ino = i.ino)),
                ('mode', i.mode is not null, lpad(to_char((i.mode & 4095) / 512 * 1000 + (i.mode & 511) / 64 * 100
                    + (i.mode & 63) / 8 * 10 + (i.mode & 7), 'FM9999'), 4, '0')),
                ('owner', i.uid is not null or i.gid is not null, concat_ws(':', i.uid, i.gid)),
                ('times', i.atime_ns is not null or i.mtime_ns is not null, thule.ns_time(i.mtime_ns)::text)
        ) a (action, wanted, detail)
        where a.wanted and i.like_ino is null
        union all
        select 3, row_number() over (), n.action, n.parent, n.name, n.ino, n.detail, n.op, true, n."by"
        from pg_temp.change_note n
    )
    select c.action,
        coalesce(thule.entry_path(c.parent, c.name, 9223372036854775807), thule.entry_path(c.parent, c.name, c.op - 1),
            thule.path_at_op(c.ino, 9223372036854775807), thule.path_at_op(c.ino, c.op - 1),
            thule.path_at_op(c.ino, c.op), '?'),
        c.detail, c.op, c.conflict, thule.op_by(c.stands)
    from change c
    order by c.part, c.n;
end
$$;
