-- Takes out of pg_temp.change_name what must not be because of what others did, or of flags, and what cannot be.
-- Parameters: force, see thule_internal.undo_plan: then others' later work gives way.
-- Returns: nothing; changes pg_temp.change_name, adds to change_note.
-- Tables touched: dirent, dirent_history, inode, op, op_kind (read).
create function thule_internal.undo_conflicts(force boolean) returns void
language plpgsql
as $$
begin
    -- An inode that would have no name left goes, unless somebody else has changed it since.
    if not force then
        with going as materialized (
            select c.ino, min(c.undone) as undone
            from pg_temp.change_name c
            where c.active
            group by c.ino
            having bool_and(c.to_parent is null)
                and count(*) = (select count(*) from thule.dirent d where d.ino = c.ino)
        ), kept as materialized (
            select g.ino, g.undone, max(o.op) as op
            from going g
            join thule.op o on o.ino = g.ino and o.op > g.undone
            left join pg_temp.undo_back b on b.op = o.op
            where o.kind in (select k.id from thule.op_kind k
                    where k.changes_bytes or k.changes_attributes)
                and b.op is null
                and not exists (select from pg_temp.undo_op u where u.op = o.op)
                and not exists (select from pg_temp.undo_moot m
                    join pg_temp.undo_back d on d.request = m.request
                    join thule.op p on p.op = d.op and p.ino = o.ino
                    where m.op = o.op)
            group by g.ino, g.undone
        ), left_alone as (
            update pg_temp.change_name c set active = false from kept k where k.ino = c.ino
            returning c.ino, c.from_parent, c.from_name, c.undone, k.op
        )
        insert into pg_temp.change_note (action, ino, parent, name, detail, op, "by")
            select 'remove', l.ino, l.from_parent, l.from_name, 'was changed later', l.undone, l.op from left_alone l;
    end if;

    -- Two names of which both were last in one place: the later one has it.
    with later as (
        select c.id, row_number() over (partition by c.to_parent, c.to_name order by c.since desc, c.id desc) as n,
            first_value(c.since) over (partition by c.to_parent, c.to_name order by c.since desc, c.id desc) as op
        from pg_temp.change_name c
        where c.active and c.to_parent is not null
    ), left_alone as (
        update pg_temp.change_name c set active = false from later l where l.id = c.id and l.n > 1
        returning c.ino, c.to_parent, c.to_name, c.undone, l.op
    )
    insert into pg_temp.change_note (action, ino, parent, name, detail, op, "by")
        select 'name', l.ino, l.to_parent, l.to_name, 'another file had the name later', l.undone, l.op from left_alone l;

    if not force then
        perform thule_internal.undo_frozen();
        perform thule_internal.change_frozen_names();
    end if;
    perform thule_internal.change_settle(force);
end
$$;
