-- Takes out of pg_temp.change_name what flags forbid: names of what is in pg_temp.change_frozen, and names in such
-- directories, but for new ones where names may only be added.
-- Parameters: none. Returns: nothing; changes pg_temp.change_name, adds to change_note. thule_internal.change_settle comes after it.
-- Tables touched: none of the filesystem's.
create function thule_internal.change_frozen_names() returns void
language plpgsql
as $$
begin
    with frozen as (
        select distinct on (c.id) c.id, f.op,
            concat(case when f.ino <> c.ino then 'the directory ' end, 'is ', case when f.append then 'append-only' else 'immutable' end)
                as detail
        from pg_temp.change_name c
        join pg_temp.change_frozen f on f.ino in (c.ino, c.from_parent) or (f.ino = c.to_parent and not f.append)
        order by c.id, f.ino <> c.ino
    ), left_alone as (
        update pg_temp.change_name c set active = false from frozen f where f.id = c.id and c.active
        returning c.ino, c.from_parent, c.from_name, c.to_parent, c.to_name, c.undone, f.detail, f.op
    )
    insert into pg_temp.change_note (action, ino, parent, name, detail, op, "by")
        select case when l.to_parent is null then 'remove' else 'name' end, l.ino, coalesce(l.from_parent, l.to_parent),
            coalesce(l.from_name, l.to_name), l.detail, l.undone, l.op
        from left_alone l;
end
$$;
