-- Takes out of pg_temp.change_name what cannot be; until nothing is left to take out, since a name that stays where it is
-- can be in the way of another.
-- Parameters: force, see thule_internal.undo_plan: then later work gives way.
-- Returns: nothing; changes pg_temp.change_name, adds to change_note.
-- Tables touched: dirent, dirent_history, inode (read).
create function thule_internal.change_settle(force boolean) returns void
language plpgsql
as $$
declare
    changed bigint;
    more    bigint;
begin
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
        with recursive lost (id, ino) as (
            select c.id, c.ino
            from pg_temp.change_name c
            where c.active and c.to_parent is not null
                and not exists (select from thule.inode i where i.ino = c.to_parent and i.nlink > 0)
                and not exists (select from pg_temp.change_name p
                    where p.ino = c.to_parent and p.active and p.to_parent is not null)
            union
            -- And at once what was to come into such a directory, however deep.
            select c.id, c.ino
            from lost l
            join pg_temp.change_name c on c.active and c.to_parent = l.ino
            where not exists (select from thule.inode i where i.ino = l.ino and i.nlink > 0)
        ), left_alone as (
            update pg_temp.change_name c set active = false
            from lost l
            where l.id = c.id
            returning c.ino, c.to_parent, c.to_name, c.undone
        )
        insert into pg_temp.change_note (action, ino, parent, name, detail, op, "by")
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
            insert into pg_temp.change_note (action, ino, parent, name, detail, op, "by")
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
        with recursive holds (id, op) as (
            select c.id, max(h.op)
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
            union
            -- And at once the directory that such a one is in, however deep.
            select u.id, d.op_from
            from holds h
            join pg_temp.change_name c on c.id = h.id
            join thule.dirent d on d.parent = c.from_parent and d.name = c.from_name
            join pg_temp.change_name u on u.active and u.ino = c.from_parent and u.to_parent is null
        ), left_alone as (
            update pg_temp.change_name c set active = false
            from (select h.id, max(h.op) as op from holds h group by h.id) held
            where held.id = c.id
            returning c.ino, c.from_parent, c.from_name, c.undone, held.op
        )
        insert into pg_temp.change_note (action, ino, parent, name, detail, op, "by")
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
            join thule.inode i on i.ino = c.ino and thule_internal.is_directory(i.mode)
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
        insert into pg_temp.change_note (action, ino, parent, name, detail, op, "by")
            select 'name', l.ino, l.from_parent, l.from_name, 'a directory would be below itself', l.undone, null
            from left_alone l;
        get diagnostics more = row_count;
        exit when more = 0;
    end loop;
end
$$;
