-- The changes that named a path: those rows of thule.change whose path it is, found by index.
-- Parameters: path, absolute and escaped (thule_internal.path_names). Returns: rows of thule.change, in no order.
-- Tables touched: dirent, dirent_history, op, actor, op_kind, superblock, pruned_inode (read).
-- What named it once had a name there, which leads to its ops; where names of the past were pruned and ops were not, those are looked for
-- in that part of the log.
create function thule_internal.change_rows(path text) returns setof thule.change
language sql stable strict parallel safe rows 10
begin atomic
    with wanted as materialized (
        select w.names, w.names[cardinality(w.names)] as name, coalesce(nullif(thule_internal.plain_path(change_rows.path), ''), '/') as path
        from (select thule_internal.path_names(change_rows.path) as names offset 0) w
    ), ops as materialized (
        select o.op from thule_internal.named_at(change_rows.path) n join thule.op o on o.ino = n.ino and o.op between n.op_from and n.op_to
        union
        select o.op
        from wanted w
        cross join thule_internal.pruned_until() p
        cross join lateral (select o.op from thule.op o where o.name = w.name and o.parent is not null and o.op <= p.op offset 0) o
    )
    select c.*
    from ops
    cross join wanted w
    cross join lateral (select c.* from thule.change c where c.op = ops.op offset 0) c
    where c.path = w.path;
end;

-- The same, for a granted role as thule_internal.change_seen shows it.
create function thule.change(path text) returns setof thule.change
language sql stable parallel safe rows 10
begin atomic
    select c.* from thule_internal.change_rows(path) c where thule_internal.sees_tables()
    union all
    select s.* from thule_internal.change_seen(path) s where not thule_internal.sees_tables();
end;

comment on function thule.change(text) is
    'Changes that named a path: the rows of thule.change with that path, found by index, in no order. Example: select at, kind, username, exe from thule.change(''/a/b'') order by op;';

-- The changes that named what was below a directory then: those rows of thule.change whose path goes on from that of the directory, found by index.
-- Parameters: path of the directory, absolute and escaped (thule_internal.path_names); low, high: ops, after the first and until the second.
-- Returns: rows of thule.change, in no order.
-- Tables touched: dirent, dirent_history, op, actor, op_kind, superblock, pruned_inode (read).
-- As thule.change(path), for all that was ever below; of a short time, for what was changed in it.
create function thule_internal.change_rows_under(path text, low bigint, high bigint) returns setof thule.change
language sql stable strict parallel safe rows 1000
begin atomic
    with wanted as materialized (
        select thule_internal.plain_path(change_rows_under.path) || '/' as prefix
    ), ops as materialized (
        select o.op
        from thule_internal.spans_changed(change_rows_under.path, low, high) s
        cross join lateral (
            select o.op from thule.op o where o.ino = s.ino and o.op between greatest(s.op_from, low + 1) and least(s.op_to, high) offset 0
        ) o
        union
        select o.op
        from thule_internal.pruned_until() p
        cross join lateral (select o.op from thule.op o where o.parent is not null and o.op > low and o.op <= least(high, p.op) offset 0) o
    )
    -- In an array, of which the planner expects a few: it makes the path of a directory once (thule_internal.directory_span).
    select c.*
    from (select array_agg(o.op) as ops from ops o) found
    cross join unnest(found.ops) s (op)
    join thule.change c on c.op = s.op
    cross join wanted w
    where left(c.path, length(w.prefix)) = w.prefix and c.path <> '/';
end;

-- The same between two times, null for the beginning and for now; for a granted role as thule_internal.changes_seen shows it.
create function thule.changes_under(path text, since timestamptz default null, until timestamptz default null) returns setof thule.change
language plpgsql stable parallel safe rows 1000
as $$
declare
    low  bigint := thule_internal.op_since(since);
    high bigint := thule.op_at(coalesce(until, 'infinity'));
begin
    if thule_internal.sees_tables() then
        return query select c.* from thule_internal.change_rows_under(changes_under.path, low, high) c;
    else
        return query select s.* from thule_internal.changes_seen(changes_under.path, low, high) s;
    end if;
end
$$;

comment on function thule.changes_under(text, timestamptz, timestamptz) is
    'Changes of what was below a directory then, at any depth: rows of thule.change, found by index, in no order; NULL: from the beginning, until now. Example: select at, kind, path, username from thule.changes_under(''/a'', since => ''today'') order by op;';
