-- The path of an inode once an op had happened. Of several hard links the oldest name.
-- Parameters: ino; at_op, an op (2^63-1: the present).
-- Returns: text, escaped; '/' for the root; null when it had no name then, or none that leads to the root.
-- Tables touched: dirent, dirent_history (read).
create function thule.path_at_op(ino bigint, at_op bigint) returns text
language plpgsql stable strict parallel safe cost 1000
as $$
declare
    at_ino bigint := ino;
    step   record;
    tail   text := '';
begin
    for depth in 0..10000 loop              -- bounds the walk where directories contain each other
        if at_ino = 1 then
            return case when tail = '' then '/' else tail end;
        end if;
        select n.parent, n.name into step
        from (
            select d.parent, d.name, d.op_from from thule.dirent d where d.ino = at_ino and d.op_from <= at_op
            union all
            select d.parent, d.name, d.op_from from thule.dirent_history d
                where d.ino = at_ino and d.op_from <= at_op and d.op_to > at_op
        ) n
        order by n.op_from, n.parent, n.name limit 1;
        exit when not found;
        tail := '/' || thule.escape_name(step.name) || tail;
        at_ino := step.parent;
    end loop;
    return null;
end
$$;
