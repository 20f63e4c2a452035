-- Gives a file another name, as link(2).
-- Parameters: ino, or existing, the path of the file, of which a symbolic link as the last name is not followed; path, or parent and name: the new name.
-- Returns: ino. Errors: EPERM for a directory, for what is immutable or append-only, and as fs.protected_hardlinks has it; EEXIST; EACCES; EMLINK; EXDEV
--   into a tree with another quota; those of thule_internal.write_begin and write_walk. Tables touched: op, inode, dirent and the tables of their past (written).
create function thule.link(ino bigint, parent bigint, name bytea) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
    i      thule.inode;
    d      thule.inode;
    w      record;
begin
    i := thule_internal.write_inode(ino);
    d := thule_internal.write_directory(parent);
    if thule_internal.write_entry(parent, name) is not null then
        perform thule_internal.fail('EEXIST', format('there is a %s in directory %s', thule.escape_name(name), parent));
    end if;
    -- A file of somebody else's: one that he could read and write, and that gives no rights (sysctl fs.protected_hardlinks).
    if viewer[1] not in (0, i.uid) then
        if not thule_internal.is_file(i.mode) or i.mode & 2048 <> 0 or i.mode & 1032 = 1032 then
            perform thule_internal.fail('EPERM', format('inode %s is not of user %s', ino, viewer[1]));
        end if;
        begin
            perform thule_internal.write_permit(i, 6, viewer);
        exception when sqlstate 'TH013' then
            perform thule_internal.fail('EPERM', format('inode %s is not of user %s', ino, viewer[1]));
        end;
    end if;
    perform thule_internal.write_permit(d, 3, viewer);
    perform thule_internal.write_flags(i);
    if thule_internal.is_directory(i.mode) then
        perform thule_internal.fail('EPERM', format('inode %s is a directory, which has one name', ino));
    end if;
    perform thule_internal.write_flags(d, 16);
    if i.nlink = 0 then
        perform thule_internal.fail('ENOENT', format('inode %s has lost its last name', ino));
    elsif i.nlink = 2147483647 then
        perform thule_internal.fail('EMLINK', format('inode %s has as many names as it can', ino));
    elsif i.project <> d.project then
        perform thule_internal.fail('EXDEV', 'the directory is in a tree with another quota');
    end if;
    w := thule_internal.write_op('link', ino, new_parent => parent, new_name => name);
    i.nlink := i.nlink + 1;
    i.ctime_ns := w.now_ns;
    perform thule_internal.write_version(i, w.op, w.at);
    perform thule_internal.write_name(parent, name, ino, w.op, w.at);
    perform thule_internal.write_touched(d, w.op, w.at);
    return ino;
end
$$;

comment on function thule.link(bigint, bigint, bytea) is
    'Gives a file another name: its inode, the inode of the directory, the name; returns the inode. Example: select thule.link(43, 42, ''other'');';

create function thule.link(existing text, path text) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
    found_ino bigint;
    p      record;
begin
    found_ino := thule_internal.write_found(existing, false, viewer);
    p := thule_internal.write_place(path, viewer, 'EEXIST', 'EEXIST', 'EEXIST', true);
    return thule.link(found_ino, p.dir, p.name);
end
$$;

comment on function thule.link(text, text) is
    'Gives a file another name, as ln: first the path that it has, then the new one; returns the inode. Example: select thule.link(''/a/b'', ''/a/c'');';
