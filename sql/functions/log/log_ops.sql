-- Which ops were done to what a path names; of a directory, also to everything that was below it, while it was there, wherever the
-- directory was then.
-- Parameters: path, absolute and escaped (thule_internal.path_names); upto, an op: the file that had the path last before that;
--   alone: of a directory only the ops on itself; earlier: also those on the inodes in whose place it came, while they had the name
--   (thule_internal.file_chain).
-- Returns: ops until `upto`, each once, in no order, each with the inode in whose place the file came with it, or null; none when there never was such a path. Errors: those of thule_internal.last_led.
-- Tables touched: op, dirent, dirent_history, inode, inode_history, superblock, pruned_inode (read).
create function thule_internal.log_ops(path text, upto bigint, alone boolean, earlier boolean) returns table (op bigint, in_place_of bigint)
language sql stable strict parallel safe rows 1000
begin atomic
    with target as materialized (
        select thule_internal.last_led(path, upto) as ino
    ), file as materialized (
        select c.ino, c.until, c.began, nullif(lead(c.ino) over (order by c.step), c.ino) as in_place_of
        from target t
        cross join thule_internal.path_names(path) p (names)
        cross join lateral thule_internal.file_chain(t.ino, p.names[cardinality(p.names)], upto) c
        where t.ino is not null and (earlier or c.step = 0)
    ), below as materialized (
        select b.ino, b.op_from, b.op_to
        from target t
        cross join lateral thule_internal.subtree_spans(array[t.ino], array[0::bigint], array[thule_internal.present()]) b
        where not alone and exists (
            select from thule.inode i where i.ino = t.ino and thule_internal.is_directory(i.mode)
            union all
            select from thule.inode_history i where i.ino = t.ino and thule_internal.is_directory(i.mode))
    ), ops (op) as (
        select o.op from file f cross join lateral (select o.op from thule.op o where o.ino = f.ino and o.op <= f.until offset 0) o
        union
        select d.op_from from file f cross join lateral (select d.op_from from thule.dirent d where d.ino = f.ino and d.op_from <= f.until offset 0) d
        union
        select n.op
        from file f
        cross join lateral (select d.op_from, d.op_to from thule.dirent_history d where d.ino = f.ino offset 0) d
        cross join lateral (values (d.op_from), (d.op_to)) n (op)
        where n.op <= f.until
        union
        select o.op
        from below b
        cross join lateral (select o.op from thule.op o where o.ino = b.ino and o.op between b.op_from and b.op_to offset 0) o
        union
        -- Names that were pruned lead nowhere, but ops that are left have the directory that they were in.
        select o.op
        from thule_internal.pruned_until() p
        cross join lateral (select o.op, o.parent from thule.op o where o.op <= p.op offset 0) o
        where o.parent in (select b.ino from below b)
    )
    select o.op, (select f.in_place_of from file f where f.began = o.op and f.in_place_of is not null) from ops o where o.op <= upto;
end;
