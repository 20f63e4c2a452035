-- The entries at and below a directory once an op had happened.
-- Parameters: top, an ino; at_op, an op (2^63-1: the present).
-- Returns: rows (parent, name, ino), without one for top itself.
-- Tables touched: dirent, dirent_history (read).
-- Each directory is asked by index: joined as a whole, all names would be read again for each level. union rather than
-- union all is what ends the walk where directories contain each other.
create function thule_internal.entries_at_op(top bigint, at_op bigint) returns table (parent bigint, name bytea, ino bigint)
language sql stable strict parallel safe rows 1000
begin atomic
    with recursive tree (parent, name, ino) as (
        select e.parent, e.name, e.ino from thule_internal.entry_at_op(top, at_op) e
        union
        select e.parent, e.name, e.ino
        from tree t
        cross join lateral (select d.parent, d.name, d.ino from thule_internal.entry_at_op(t.ino, at_op) d offset 0) e
    )
    select t.parent, t.name, t.ino from tree t;
end;
