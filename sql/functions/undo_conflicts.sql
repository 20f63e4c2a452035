-- Takes out of pg_temp.change_name what cannot be, or must not be because of what others did; until nothing is left to
-- take out, since a name that stays where it is can be in the way of another.
-- Parameters: force, see thule.undo_plan: then others' later work gives way.
-- Returns: nothing; changes pg_temp.change_name, adds to change_note.
-- Tables touched: dirent, dirent_history, inode, op (read).
create function thule.undo_conflicts(force boolean) returns void
language plpgsql
as $$
declare
    changed bigint;
    more    bigint;
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
            where o.kind in (select k.id from thule.op_kind k
                    where k.name in ('write', 'truncate', 'chmod', 'chown', 'utimens', 'setattr', 'setxattr', 'removexattr',
                        'fallocate', 'copy_range', 'setflags'))
                and not exists (select from pg_temp.undo_op u where u.op = o.op)
            group by g.ino, g.undone
        ), left_alone as (
            update pg_temp.change_name c set active = false from kept k where k.ino = c.ino
            returning c.ino, c.from_parent, c.from_name, c.undone, k.op
        )
        insert into pg_temp.change_note
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
    insert into pg_temp.change_note
        select 'name', l.ino, l.to_parent, l.to_name, 'another file had the name later', l.undone, l.op from left_alone l;

    loop
        changed := 0;

        -- The directory to go to must be there, or come back.
        if force then
            insert into pg_temp.change_name (ino, to_parent, to_name, undone, since)
                select distinct on (c.to_parent) c.to_parent, h.parent, h.name, h.op_to, h.op_from
                from pg_temp.change_name c
                join thule.dirent_history h on h.ino = c.to_parent
                where c.active and c.to_parent is not null
                    and not exists (select from thule.inode i where i.ino = c.to_parent and i.nlink > 0)
                    and not exists (select from pg_temp.change_name p where p.ino = c.to_parent)
                order by c.to_parent, h.op_to desc;
            get diagnostics more = row_count;
            changed := changed + more;
        end if;
        with left_alone as (
            update pg_temp.change_name c set active = false
            where c.active and c.to_parent is not null
                and not exists (select from thule.inode i where i.ino = c.to_parent and i.nlink > 0)
                and not exists (select from pg_temp.change_name p
                    where p.ino = c.to_parent and p.active and p.to_parent is not null)
            returning c.ino, c.to_parent, c.to_name, c.undone
        )
        insert into pg_temp.change_note
            select 'name', l.ino, l.to_parent, l.to_name, 'the directory is not there any more', l.undone,
                (select max(h.op_to) from thule.dirent_history h where h.ino = l.to_parent)
            from left_alone l;
        get diagnostics more = row_count;
        changed := changed + more;

        -- The place to go to must be free, or become free.
        if force then
            insert into pg_temp.change_name (ino, from_parent, from_name, undone, since)
                select distinct on (d.parent, d.name) d.ino, d.parent, d.name, d.op_from, 0
                from pg_temp.change_name c
                join thule.dirent d on d.parent = c.to_parent and d.name = c.to_name
                where c.active and d.ino <> c.ino
                    and not exists (select from thule.dirent e where e.parent = d.ino)
                    and not exists (select from pg_temp.change_name f
                        where f.from_parent = d.parent and f.from_name = d.name);
            get diagnostics more = row_count;
            changed := changed + more;
        end if;
        with left_alone as (
            update pg_temp.change_name c set active = false
            from thule.dirent d
            where c.active and d.parent = c.to_parent and d.name = c.to_name
                and not exists (select from pg_temp.change_name f
                    where f.active and f.from_parent = d.parent and f.from_name = d.name)
            returning c.ino, c.to_parent, c.to_name, c.undone, d.ino as taken_by, d.op_from
        ), noted as (
            insert into pg_temp.change_note
                select 'name', l.ino, l.to_parent, l.to_name, 'another file has the name now', l.undone, l.op_from
                from left_alone l
                where l.taken_by <> l.ino
        )
        select count(*) into more from left_alone;
        changed := changed + more;

        -- A directory goes only when it is empty.
        if force then
            insert into pg_temp.change_name (ino, from_parent, from_name, undone, since)
                select d.ino, d.parent, d.name, d.op_from, 0
                from pg_temp.change_name c
                join thule.dirent d on d.parent = c.ino
                where c.active and c.to_parent is null
                    and not exists (select from pg_temp.change_name f
                        where f.from_parent = d.parent and f.from_name = d.name);
            get diagnostics more = row_count;
            changed := changed + more;
        end if;
        with left_alone as (
            update pg_temp.change_name c set active = false
            from (
                select c.id, max(h.op) as op
                from pg_temp.change_name c
                cross join lateral (
                    select d.op_from as op
                    from thule.dirent d
                    where d.parent = c.ino and not exists (select from pg_temp.change_name f
                        where f.active and f.from_parent = d.parent and f.from_name = d.name)
                    union all
                    select i.since from pg_temp.change_name i where i.active and i.to_parent = c.ino
                ) h
                where c.active and c.to_parent is null
                group by c.id
            ) held
            where held.id = c.id
            returning c.ino, c.from_parent, c.from_name, c.undone, held.op
        )
        insert into pg_temp.change_note
            select 'remove', l.ino, l.from_parent, l.from_name, 'the directory is not empty', l.undone, l.op
            from left_alone l;
        get diagnostics more = row_count;
        changed := changed + more;

        continue when changed > 0;

        -- No directory goes below itself.
        with recursive place (ino, parent) as not materialized (
            select d.ino, d.parent
            from thule.dirent d
            where not exists (select from pg_temp.change_name f
                where f.active and f.from_parent = d.parent and f.from_name = d.name)
        ), up (id, ino) as (
            select c.id, c.to_parent
            from pg_temp.change_name c
            join thule.inode i on i.ino = c.ino and i.mode & 61440 = 16384
            where c.active and c.from_parent is not null and c.to_parent is not null
            union
            select u.id, p.parent
            from up u
            cross join lateral (
                select l.parent from place l where l.ino = u.ino
                union all
                select c.to_parent from pg_temp.change_name c where c.active and c.ino = u.ino and c.to_parent is not null
            ) p
        ), lost as (
            select u.id from up u group by u.id having not bool_or(u.ino = 1)
        ), left_alone as (
            update pg_temp.change_name c set active = false from lost l where l.id = c.id
            returning c.ino, c.from_parent, c.from_name, c.undone
        )
        insert into pg_temp.change_note
            select 'name', l.ino, l.from_parent, l.from_name, 'a directory would be below itself', l.undone, null
            from left_alone l;
        get diagnostics more = row_count;
        exit when more = 0;
    end loop;
end
$$;
