-- Every inode that a path ever named, and when.
-- Parameters: path, absolute and escaped (thule_internal.path_names).
-- Returns: rows (ino, op_from, op_to): after op_from and until op_to (2^63-1: still) the path named ino.
-- Tables touched: dirent, dirent_history (read).
-- Walks all versions of each directory on the way, narrowed to the ops during which it was on the path.
create function thule_internal.named_at(path text) returns table (ino bigint, op_from bigint, op_to bigint)
language sql stable strict parallel safe rows 2
begin atomic
    with recursive wanted as materialized (
        select thule_internal.path_names(path) as names
    ), walk (depth, ino, op_from, op_to) as (
        select 0, 1::bigint, 0::bigint, thule_internal.present()
        union all
        select w.depth + 1, e.ino, greatest(w.op_from, e.op_from), least(w.op_to, e.op_to)
        from walk w
        cross join wanted
        cross join lateral (
            -- By index, however small the tables are: joined, they would be read whole for each name.
            select d.ino, d.op_from, d.op_to from thule.dirent d
            where d.parent = w.ino and d.name = wanted.names[w.depth + 1] and d.op_from < w.op_to
            union all
            select d.ino, d.op_from, d.op_to from thule.dirent_history d
            where d.parent = w.ino and d.name = wanted.names[w.depth + 1] and d.op_from < w.op_to and d.op_to > w.op_from
            offset 0
        ) e
    )
    select w.ino, w.op_from, w.op_to
    from walk w
    cross join wanted
    where w.depth = cardinality(wanted.names);
end;
