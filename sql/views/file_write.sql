-- thule.file can be written: each row by the operations that do the same on the mount.

-- The last name in a path as the view has it. Parameters: path. Returns: bytea. Tables touched: none.
create function thule_internal.last_name(path text) returns bytea
language sql immutable parallel safe
return thule.unescape_name(substring(path from '[^/]*$'));

-- update thule.file set ...: chown, chmod, new content, truncate, utimens and rename, in this order, for what differs.
-- Errors: EINVAL for columns that cannot be set; those of the operations; a path that is taken (EEXIST). Tables touched: those of these.
-- Of symbolic links the mode stays, as with chmod -R.
create function thule_internal.file_update() returns trigger
language plpgsql
as $$
declare
    to_place record;
begin
    if num_nulls(new.path, new.mode, new.uid, new.gid, new.size, new.atime, new.mtime) > 0
        or new.ino is distinct from old.ino or new.kind is distinct from old.kind or new.nlink is distinct from old.nlink
        or new.ctime is distinct from old.ctime or new.btime is distinct from old.btime or new.octal is distinct from old.octal
        or new.username is distinct from old.username or new.groupname is distinct from old.groupname or new.rdev is distinct from old.rdev
        or new.allocated is distinct from old.allocated or new.target is distinct from old.target or new.parent is distinct from old.parent then
        perform thule_internal.fail('EINVAL', format('%s: path, mode, uid, gid, size, atime, mtime and content can be set, and not to null', old.path),
            'octal and the names of owners follow from mode, uid and gid; a link with another target is another link.');
    end if;
    -- For returning.
    new.octal := thule_internal.mode_text(new.mode);
    if new.mode <> old.mode and old.kind <> 'symlink' and new.content is null and (new.path, new.uid, new.gid, new.size, new.atime, new.mtime)
        = (old.path, old.uid, old.gid, old.size, old.atime, old.mtime) and thule_internal.session_viewer() is null then
        perform thule_internal.chmod_gather(old.ino, new.mode);
        return new;
    end if;
    if new.uid <> old.uid or new.gid <> old.gid then
        perform thule.chown(old.ino, nullif(new.uid, old.uid), nullif(new.gid, old.gid));
        new.username := thule.username(new.uid);
        new.groupname := thule.groupname(new.gid);
    end if;
    if new.mode <> old.mode and old.kind <> 'symlink' then
        perform thule.chmod(old.ino, new.mode);
    end if;
    if new.content is not null then
        perform thule_internal.write_whole(old.ino, new.content);
    end if;
    if new.size <> old.size then
        perform thule.truncate(old.ino, new.size);
    end if;
    if new.atime <> old.atime or new.mtime <> old.mtime then
        perform thule.utimens(old.ino, nullif(new.atime, old.atime), nullif(new.mtime, old.mtime));
    end if;
    if new.path <> old.path and old.parent is null then
        perform thule_internal.fail('EBUSY', 'the root of the filesystem stays', 'Add: where path <> ''/''.');
    elsif new.path <> old.path then
        to_place := thule_internal.write_place(new.path, thule_internal.session_viewer(), 'EEXIST', 'EEXIST', 'EEXIST');
        perform thule.rename(old.parent, thule_internal.last_name(old.path), to_place.dir, to_place.name, 1);
        new.parent := to_place.dir;
    end if;
    return new;
end
$$;

create trigger file_update instead of update on thule.file for each row execute function thule_internal.file_update();

create function thule_internal.file_updated() returns trigger
language plpgsql
as $$
begin
    perform thule_internal.chmod_gathered();
    return null;
end
$$;

create trigger file_updated after update on thule.file for each statement execute function thule_internal.file_updated();

-- delete from thule.file: unlink and rmdir. A directory that is not empty yet waits for the end of the statement, which may remove what is in it.
-- Errors: those of thule.unlink and thule.rmdir. Tables touched: those of these.
-- The setting thule.emptied has the directories that wait: it goes back with a savepoint.
create function thule_internal.file_delete() returns trigger
language plpgsql
as $$
begin
    perform thule_internal.write_begin();
    if old.ino = 1 then
        perform thule_internal.fail('EBUSY', 'the root of the filesystem stays', 'Add: where path <> ''/''.');
    elsif old.kind <> 'directory' then
        perform thule.unlink(old.parent, thule_internal.last_name(old.path));
    elsif exists (select from thule.dirent d where d.parent = old.ino) then
        perform set_config('thule.emptied', concat_ws(',', nullif(current_setting('thule.emptied', true), ''), old.ino), true);
    else
        perform thule.rmdir(old.parent, thule_internal.last_name(old.path));
    end if;
    return old;
end
$$;

create trigger file_delete instead of delete on thule.file for each row execute function thule_internal.file_delete();

create function thule_internal.file_deleted() returns trigger
language plpgsql
as $$
declare
    waiting constant text := nullif(current_setting('thule.emptied', true), '');
    e       record;
begin
    if waiting is null then
        return null;
    end if;
    perform set_config('thule.emptied', '', true);
    for e in
        select d.parent, d.name
        from string_to_table(waiting, ',') w (ino)
        cross join lateral (select n.parent, n.name, n.ino from thule.dirent n where n.ino = w.ino::bigint offset 0) d
        where thule_internal.may_reach(d.ino, thule_internal.present(), 0, thule_internal.session_viewer())    -- anybody may set the setting
        order by cardinality(string_to_array(thule.path(d.ino), '/')) desc
    loop
        perform thule.rmdir(e.parent, e.name);
    end loop;
    return null;
end
$$;

create trigger file_deleted after delete on thule.file for each statement execute function thule_internal.file_deleted();

-- insert into thule.file: what kind says, a file if it says nothing, or a symbolic link where there is a target. What else is given is set.
-- Errors: EINVAL for columns that cannot be given; those of thule.create, mkdir, mknod, symlink and of setting the rest. Tables touched: those of these.
create function thule_internal.file_insert() returns trigger
language plpgsql
as $$
declare
    i thule.inode;
begin
    perform thule_internal.write_begin();
    new.kind := coalesce(new.kind, case when new.target is null then 'file' else 'symlink' end);
    if num_nonnulls(new.ino, new.nlink, new.ctime, new.btime, new.octal, new.username, new.groupname, new.allocated, new.parent) > 0
        or new.kind <> 'file' and num_nonnulls(new.content, new.size) > 0 or (new.kind = 'symlink') <> (new.target is not null)
        or (new.kind in ('char', 'block')) <> (new.rdev is not null) or new.kind = 'symlink' and new.mode is not null
        or thule_internal.type_bits(new.kind) is null or new.rdev !~ E'^\\d{1,4}:\\d{1,7}$' then
        perform thule_internal.fail('EINVAL', format('%s cannot be made of these columns', coalesce(new.path, 'null')),
            'Give path, and kind, mode, uid, gid, atime and mtime where they are not as of any new file; content or size of a file, target of a symlink, rdev (MAJOR:MINOR) of a device.');
    end if;
    case new.kind
        when 'directory' then
            new.ino := thule.mkdir(new.path, coalesce(new.mode, 493));
        when 'symlink' then
            new.ino := thule.symlink(new.target, new.path);
        when 'file' then
            new.ino := thule.create(new.path, coalesce(new.mode, 420));
            perform thule_internal.write_data(thule_internal.write_inode(new.ino), 0, coalesce(new.content, ''), opened => true);
        else
            new.ino := thule.mknod(new.path, thule_internal.type_bits(new.kind) | coalesce(new.mode, 420),
                coalesce(split_part(new.rdev, ':', 1)::integer, 0), coalesce(split_part(new.rdev, ':', 2)::integer, 0));
    end case;
    if new.size is not null and new.size <> coalesce(octet_length(new.content), 0) then
        perform thule.truncate(new.ino, new.size);
    end if;
    if num_nonnulls(new.uid, new.gid) > 0 then
        perform thule.chown(new.ino, new.uid, new.gid);
    end if;
    if num_nonnulls(new.atime, new.mtime) > 0 then
        perform thule.utimens(new.ino, new.atime, new.mtime);
    end if;
    -- For returning.
    i := thule_internal.write_inode(new.ino);
    new.mode := thule_internal.permission_bits(i.mode);
    new.octal := thule_internal.mode_text(new.mode);
    new.uid := i.uid;
    new.gid := i.gid;
    new.size := i.size;
    new.nlink := i.nlink;
    new.atime := thule.ns_time(i.atime_ns);
    new.mtime := thule.ns_time(i.mtime_ns);
    new.ctime := thule.ns_time(i.ctime_ns);
    new.btime := thule.ns_time(i.btime_ns);
    return new;
end
$$;

create trigger file_insert instead of insert on thule.file for each row execute function thule_internal.file_insert();
