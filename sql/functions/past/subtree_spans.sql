-- Every inode that ever was at or below some inodes while they were looked at, and when.
-- Parameters: inos; froms, tos: of each, after which op and until which op (2^63-1: the present) what is below it counts. An inode may be there several times.
-- Returns: rows (ino, op_from, op_to): after op_from and until op_to the inode was there. Those of the parameters are among them.
-- Tables touched: dirent, dirent_history (read).
create function thule_internal.subtree_spans(inos bigint[], froms bigint[], tos bigint[])
returns table (ino bigint, op_from bigint, op_to bigint)
language sql stable strict parallel safe rows 1000
begin atomic
    with recursive walk (ino, op_from, op_to) as (
        select s.ino, s.op_from, s.op_to from unnest(inos, froms, tos) s (ino, op_from, op_to)
        union
        select e.ino, greatest(w.op_from, e.op_from), least(w.op_to, e.op_to)
        from walk w
        cross join lateral (
            select d.ino, d.op_from, d.op_to from thule.dirent d where d.parent = w.ino and d.op_from < w.op_to
            union all
            select d.ino, d.op_from, d.op_to from thule.dirent_history d
            where d.parent = w.ino and d.op_from < w.op_to and d.op_to > w.op_from
            offset 0
        ) e
    )
    select w.ino, w.op_from, w.op_to from walk w;
end;

-- Every inode that ever was at or below a path, and when.
-- Parameters: path, absolute and escaped (thule_internal.path_names).
-- Returns: as the other one. Tables touched: dirent, dirent_history (read).
create function thule_internal.subtree_spans(path text) returns table (ino bigint, op_from bigint, op_to bigint)
language sql stable strict parallel safe rows 1000
begin atomic
    select s.ino, s.op_from, s.op_to
    from (select array_agg(n.ino) as inos, array_agg(n.op_from) as froms, array_agg(n.op_to) as tos
        from thule_internal.named_at(subtree_spans.path) n) named
    cross join lateral thule_internal.subtree_spans(named.inos, named.froms, named.tos) s;
end;
