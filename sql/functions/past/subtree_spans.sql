-- Every inode that ever was at or below a path, and when.
-- Parameters: path, absolute and escaped (thule_internal.path_names).
-- Returns: rows (ino, op_from, op_to): after op_from and until op_to (2^63-1: still) the inode was there.
-- Tables touched: dirent, dirent_history (read).
create function thule_internal.subtree_spans(path text) returns table (ino bigint, op_from bigint, op_to bigint)
language sql stable strict parallel safe rows 1000
begin atomic
    with recursive walk (ino, op_from, op_to) as (
        select n.ino, n.op_from, n.op_to from thule_internal.named_at(path) n
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
