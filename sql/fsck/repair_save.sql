-- Plans that an inode gets a name in lost+found: #NUMBER, or #NUMBER-2 and so on where that is taken.
-- Parameters: ino; from_parent, from_name: the name that it has had, null where there is none; name, what else it is to be called.
-- Returns: nothing. What already gets a name there, or loses this one, is left as planned.
-- Tables touched: dirent (read), those of thule_internal.lost_and_found.
create function thule_internal.repair_save(ino bigint, from_parent bigint default null, from_name bytea default null, name text default null)
returns void
language plpgsql
as $$
declare
    lost  bigint := thule_internal.lost_and_found();
    wish  text := coalesce(name, '#' || ino);
    place bytea;
    n     integer := 1;
begin
    if exists (select from pg_temp.change_name c where c.ino = repair_save.ino and (c.from_parent is null and repair_save.from_parent is null
        or c.from_parent = repair_save.from_parent and c.from_name = repair_save.from_name))
    then
        return;
    end if;
    loop
        place := convert_to(wish || case when n > 1 then '-' || n else '' end, 'UTF8');
        exit when not exists (select from thule.dirent d where d.parent = lost and d.name = place)
            and not exists (select from pg_temp.change_name c where c.to_parent = lost and c.to_name = place);
        n := n + 1;
    end loop;
    insert into pg_temp.change_name (ino, from_parent, from_name, to_parent, to_name) values (ino, from_parent, from_name, lost, place);
end
$$;
