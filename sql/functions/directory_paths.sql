-- Where directories were once an op had happened.
-- Parameters: dirs, inos of directories; at_op, an op (2^63-1: the present).
-- Returns: a row for each of them, for each directory above it, and for the root, whose path is ''; escaped, without a
--   slash at the end. None for what was not there.
-- Tables touched: dirent, dirent_history (read).
-- Each directory is looked up once, however much is below it. Strict, so that the planner expects some rows, not what it
-- takes recursion for.
create function thule.directory_paths(dirs bigint[], at_op bigint) returns table (ino bigint, path text)
language sql stable strict parallel safe rows 1000
begin atomic
    with recursive place (ino, parent, name) as (
        -- As if something nameless were in each.
        select null::bigint, u.ino, null::bytea from unnest(dirs) u (ino)
        union
        select e.ino, e.parent, e.name
        from place p
        cross join lateral (
            select d.ino, d.parent, d.name from thule.dirent d where d.ino = p.parent and d.op_from <= at_op
            union all
            select d.ino, d.parent, d.name from thule.dirent_history d
            where d.ino = p.parent and d.op_from <= at_op and d.op_to > at_op
        ) e
    ), tree (ino, path) as (
        select 1::bigint, ''
        union all
        select p.ino, t.path || '/' || thule.escape_name(p.name) from tree t join place p on p.parent = t.ino
        where p.ino is not null
    )
    select t.ino, t.path from tree t;
end;
