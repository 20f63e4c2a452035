-- Where directories were once an op had happened.
-- Parameters: dirs, inos of directories; at_op, an op (2^63-1: the present).
-- Returns: a row for each of them, for each directory above it, and for the root, whose path is ''; escaped, without a
--   slash at the end. None for what was not there, or was deeper than thule_internal.max_depth().
-- Tables touched: dirent, dirent_history (read).
-- Each directory is looked up once, and its path made once of that of the one above it, however much is below it and
-- however deep it is: joining what was found with itself, a level at a time, would read all of it again for each level.
-- Strict, so that the planner expects some rows, not what it takes recursion for.
create function thule_internal.directory_paths(dirs bigint[], at_op bigint) returns table (ino bigint, path text)
language plpgsql stable strict parallel safe rows 1000
as $$
#variable_conflict use_column
declare
    inos   bigint[];
    names  text[];
    ups    integer[];                      -- where the directory above is in these arrays; 0: it is the root, null: not there
    paths  text[];
    depths integer[];                      -- null: not looked at yet; 0: on the way
    way    integer[];
    top    integer;
    place  integer;
    depth  integer;
    path   text;
begin
    with recursive place (ino, parent, name, op_from) as (
        -- As if something nameless were in each.
        select null::bigint, u.ino, null::bytea, null::bigint from unnest(dirs) u (ino)
        union
        select e.ino, e.parent, e.name, e.op_from
        from place p
        cross join lateral (
            select d.ino, d.parent, d.name, d.op_from from thule.dirent d where d.ino = p.parent and d.op_from <= at_op
            union all
            select d.ino, d.parent, d.name, d.op_from from thule.dirent_history d
            where d.ino = p.parent and d.op_from <= at_op and d.op_to > at_op
        ) e
        where p.parent <> 1
    ), numbered as materialized (
        -- A directory has one name; where crafted rows give it more, the oldest.
        select o.ino, o.parent, o.name, row_number() over (order by o.ino) as n
        from (
            select distinct on (p.ino) p.ino, p.parent, p.name
            from place p
            where p.ino is not null
            order by p.ino, p.op_from, p.parent, p.name
        ) o
    )
    select array_agg(d.ino order by d.n), array_agg(thule.escape_name(d.name) order by d.n),
            array_agg(case when d.parent = 1 then 0 else u.n end order by d.n)
        into inos, names, ups
        from numbered d
        left join numbered u on u.ino = d.parent;
    paths := array_fill(null::text, array[coalesce(cardinality(inos), 0)]);
    depths := array_fill(null::integer, array[coalesce(cardinality(inos), 0)]);
    way := depths;
    for i in 1..coalesce(cardinality(inos), 0) loop
        top := 0;
        place := i;
        while place > 0 and depths[place] is null loop
            depths[place] := 0;
            top := top + 1;
            way[top] := place;
            place := ups[place];
        end loop;
        -- In a circle, and below what is not there, depth is null, and so is every path.
        depth := case when place = 0 then 0 else nullif(depths[place], 0) end;
        path := case when place = 0 then '' else paths[place] end;
        while top > 0 loop
            place := way[top];
            depth := depth + 1;
            path := case when depth <= thule_internal.max_depth() then path || '/' || names[place] end;
            depths[place] := coalesce(depth, 0);
            paths[place] := path;
            top := top - 1;
        end loop;
    end loop;
    return query
        select 1::bigint, ''
        union all
        select d.ino, d.path from unnest(inos, paths) d (ino, path) where d.path is not null;
end
$$;
