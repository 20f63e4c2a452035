-- Rows of thule_internal.subtree_spans of a path, at least of those inodes that ops were done to, or that lost a name to them in a rename.
-- Parameters: path, absolute and escaped; low, high: ops, after the first and until the second.
-- Returns: its rows (ino, op_from, op_to). Tables touched: op, dirent, dirent_history (read).
-- It goes up from the inodes of those ops, or down from the path, whichever is less: as many as one has, the other is tried with as well.
create function thule_internal.spans_changed(path text, low bigint, high bigint) returns table (ino bigint, op_from bigint, op_to bigint)
language plpgsql stable strict parallel safe rows 1000
as $$
#variable_conflict use_column
declare
    ops   constant bigint := least(high, (select max(o.op) from thule.op o)) - low;
    look  bigint := 200;
    named record;
begin
    select array_agg(n.ino) as inos, array_agg(n.op_from) as froms, array_agg(n.op_to) as tos into named from thule_internal.named_at(path) n;
    while ops > look and thule_internal.more_below(named.inos, look) loop
        look := 4 * look;
    end loop;
    if ops > look then
        return query select s.ino, s.op_from, s.op_to from thule_internal.subtree_spans(named.inos, named.froms, named.tos) s;
    else
        return query select s.ino, s.op_from, s.op_to
            from thule_internal.spans_among(array(
                    select o.ino from thule.op o where o.op > low and o.op <= high
                    union
                    select d.ino
                    from thule.op o
                    cross join lateral (
                        select d.ino from thule.dirent_history d where d.parent = o.new_parent and d.name = o.new_name and d.op_to = o.op offset 0
                    ) d
                    where o.op > low and o.op <= high),
                low, high, named.inos, named.froms, named.tos) s;
    end if;
end
$$;
