-- The path of an inode once an op had happened. Of several hard links the oldest name.
-- Parameters: ino; at_op, an op (2^63-1: the present).
-- Returns: text, escaped; '/' for the root; null when it had no name then, or none that leads to the root in
--   thule_internal.max_depth() steps.
-- Tables touched: dirent, dirent_history (read).
-- Nearly all paths end in a few steps; what is left of deep ones is one query, at a fraction of the price of a step.
-- For many directories as of one op ask thule_internal.directory_paths, which looks at each once.
create function thule.path_at_op(ino bigint, at_op bigint) returns text
language plpgsql stable strict parallel safe cost 1000
as $$
declare
    few    constant integer := 16;
    at_ino bigint := ino;
    step   record;
    tail   text := '';
begin
    if not thule_internal.sees_tables() then
        return thule_internal.path_seen(ino, at_op);
    end if;
    for depth in 0..few loop
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
        if not found then
            return null;
        end if;
        tail := '/' || thule.escape_name(step.name) || tail;
        at_ino := step.parent;
    end loop;
    return (
        with recursive up (depth, ino, name) as (
            select few + 1, at_ino, null::bytea
            union all
            select u.depth + 1, n.parent, n.name
            from up u
            cross join lateral (
                -- A directory has one name: where the first table has it, the second is not asked.
                select d.parent, d.name from thule.dirent d where d.ino = u.ino and d.op_from <= at_op
                union all
                select d.parent, d.name from thule.dirent_history d
                where d.ino = u.ino and d.op_from <= at_op and d.op_to > at_op
                limit 1
            ) n
            where u.ino <> 1 and u.depth < thule_internal.max_depth()
        )
        select coalesce(string_agg('/' || thule.escape_name(u.name), '' order by u.depth desc), '') || tail
        from up u
        having bool_or(u.ino = 1));
end
$$;

comment on function thule.path_at_op(bigint, bigint) is
    'Path of an inode once an op had happened, of several hard links the oldest; NULL: it had no name then. Example: select thule.path_at_op(42, thule.op_at(''2024-05-01 12:00''));';
