-- When some inodes were at or below others: rows of thule_internal.subtree_spans, found by going up. For a few of the many that a directory has.
-- Parameters: wanted, the inodes; low, high: ops; inos, froms, tos, as of thule_internal.subtree_spans.
-- Returns: its rows (ino, op_from, op_to) of the inodes wanted, as far as an op from low to high was in them; also rows of directories on the way.
-- Tables touched: dirent, dirent_history (read).
-- A name that did not overlap low to high is on no way that did. Each directory is looked up once for each name of it, not for each inode below it.
create function thule_internal.spans_among(wanted bigint[], low bigint, high bigint, inos bigint[], froms bigint[], tos bigint[])
returns table (ino bigint, op_from bigint, op_to bigint)
language sql stable strict parallel safe rows 1000
begin atomic
    with recursive leaf as materialized (
        select e.ino, e.parent, e.op_from, e.op_to
        from (select distinct w.ino from unnest(wanted) w (ino)) w
        cross join lateral (
            select d.ino, d.parent, d.op_from, d.op_to from thule.dirent d where d.ino = w.ino and d.op_from <= high
            union all
            select d.ino, d.parent, d.op_from, d.op_to from thule.dirent_history d where d.ino = w.ino and d.op_from <= high and d.op_to >= low
            offset 0
        ) e
    ), up (ino, parent, op_from, op_to) as (
        select null::bigint, p.parent, null::bigint, null::bigint from (select distinct l.parent from leaf l) p
        union
        select e.ino, e.parent, e.op_from, e.op_to
        from up u
        cross join lateral (
            select d.ino, d.parent, d.op_from, d.op_to from thule.dirent d where d.ino = u.parent and d.op_from <= high
            union all
            select d.ino, d.parent, d.op_from, d.op_to from thule.dirent_history d where d.ino = u.parent and d.op_from <= high and d.op_to >= low
            offset 0
        ) e
    ), edge as materialized (
        select l.ino, l.parent, l.op_from, l.op_to from leaf l
        union
        select u.ino, u.parent, u.op_from, u.op_to from up u where u.ino is not null
    ), down (ino, op_from, op_to) as (
        select s.ino, s.op_from, s.op_to from unnest(inos, froms, tos) s (ino, op_from, op_to)
        union
        select e.ino, greatest(d.op_from, e.op_from), least(d.op_to, e.op_to)
        from down d
        join edge e on e.parent = d.ino and e.op_from < d.op_to and e.op_to > d.op_from
    )
    select d.ino, d.op_from, d.op_to from down d;
end;
