-- The directory in the root where repairs put what has no other place: lost+found, or lost+found-2 and so on where that is no directory. Where there
-- is none it is planned, for root alone, in the tables of thule_internal.change_begin.
-- Parameters: none. Returns: its inode number.
-- Tables touched: superblock (written), dirent, inode, xattr (read).
create function thule_internal.lost_and_found() returns bigint
language plpgsql
as $$
declare
    place bytea;
    found bigint;
    taken boolean;
    n     integer := 1;
begin
    loop
        place := convert_to('lost+found' || case when n > 1 then '-' || n else '' end, 'UTF8');
        select c.ino into found from pg_temp.change_name c where c.to_parent = 1 and c.to_name = place;
        if found is not null then
            return found;
        end if;
        select d.ino, not exists (select from thule.inode i where i.ino = d.ino and thule_internal.is_directory(i.mode)) into found, taken
            from thule.dirent d where d.parent = 1 and d.name = place;
        exit when found is null;
        if not taken then
            return found;
        end if;
        n := n + 1;
    end loop;
    update thule.superblock s set next_ino = s.next_ino + 1 returning s.next_ino - 1 into found;
    insert into pg_temp.change_name (ino, to_parent, to_name) values (found, 1, place);
    -- As the root, but for root alone and without its attributes.
    insert into pg_temp.change_inode (ino, mode, uid, gid, flags, like_ino, like_op) values (found, 16832, 0, 0, 0, 1, thule_internal.present());
    insert into pg_temp.change_xattr (ino, name, value) select found, x.name, null from thule.xattr x where x.ino = 1;
    return found;
end
$$;
