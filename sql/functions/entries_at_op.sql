-- The entries at and below a directory once an op had happened.
-- Parameters: top, an ino; at_op, an op (2^63-1: the present).
-- Returns: rows (parent, name, ino), without one for top itself.
-- Tables touched: dirent, dirent_history (read).
create function thule.entries_at_op(top bigint, at_op bigint) returns table (parent bigint, name bytea, ino bigint)
language sql stable strict parallel safe rows 1000
begin atomic
    with recursive entry as not materialized (
        select d.parent, d.name, d.ino from thule.dirent d where d.op_from <= at_op
        union all
        select d.parent, d.name, d.ino from thule.dirent_history d where d.op_from <= at_op and d.op_to > at_op
    ), tree (parent, name, ino) as (
        select e.parent, e.name, e.ino from entry e where e.parent = top
        union all
        select e.parent, e.name, e.ino from tree t join entry e on e.parent = t.ino
    )
    select t.parent, t.name, t.ino from tree t;
end;
