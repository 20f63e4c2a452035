-- The files that erasing a path is about: the one that has it now, and those that had it and have no name left. What was
-- moved elsewhere is another file by now.
-- Parameters: path, absolute and escaped (thule_internal.path_names).
-- Returns: ino, at least one. Errors: no such file (no_data_found), a directory (wrong_object_type), a file that is held,
--   one without a name that a program still has open (object_in_use).
-- Tables touched: dirent, dirent_history, inode, inode_history, hold, mount (read).
create function thule_internal.erase_inodes(path text) returns setof bigint
language plpgsql stable strict
as $$
declare
    elsewhere bigint;
    wanted    bigint[];
    one       bigint;
begin
    if exists (select from thule.inode i where i.ino = thule.resolve(path) and thule_internal.is_directory(i.mode)) then
        raise exception using errcode = 'wrong_object_type', message = format('%s is a directory', path),
            hint = 'Erase the files in it; `thule prune --keep 0s PATH` deletes the past of a directory.';
    end if;
    select array_agg(distinct n.ino) into wanted
    from thule_internal.named_at(path) n
    where (n.op_to = thule_internal.present() or not exists (select from thule.dirent d where d.ino = n.ino))
        and not exists (select from thule.inode_history i where i.ino = n.ino and thule_internal.is_directory(i.mode));
    if wanted is null then
        select n.ino into elsewhere from thule_internal.named_at(path) n order by n.op_to desc limit 1;
        raise exception using errcode = 'no_data_found', message = format('there is no file %s to erase', path),
            hint = case when elsewhere is not null then format('What had that name is %s now.', thule.path(elsewhere))
                else 'There never was one, or it was erased.' end;
    end if;
    foreach one in array wanted loop
        if one in (select thule_internal.held_inodes()) then
            raise exception using errcode = 'object_in_use', message = format('%s is held: its past is to stay', path),
                hint = '`thule hold --list` shows by whom, `thule hold --release` ends it.';
        end if;
        if exists (select from thule.inode i where i.ino = one and i.nlink = 0) then
            -- Nobody knows of several mounts what is open: a file without a name stays until one is alone.
            if (select count(*) from thule_internal.mounts_live()) > 1 then
                raise exception using errcode = 'object_in_use',
                    message = format('a program may have open, on one of several hosts, what was removed from %s', path),
                    hint = 'Erase it again when one host is alone: unmount the others, and mount them again after it.';
            end if;
            raise exception using errcode = 'object_in_use',
                message = format('a program still has open what was removed from %s', path),
                hint = 'Erase it again when that program has closed it.';
        end if;
    end loop;
    return query select unnest(wanted);
end
$$;
