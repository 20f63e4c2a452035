-- Refuses what a user may not do to an inode by its mode or access list.
-- Parameters: i, the inode; want, bits of 4 read, 2 write, 1 execute or search; viewer, as of thule_internal.session_viewer; place, how to call
--   it in a message, or null: by its number. Returns: nothing. Errors: EACCES. Tables touched: xattr (read).
create function thule_internal.write_permit(i thule.inode, want integer, viewer bigint[], place text default null) returns void
language plpgsql
as $$
declare
    acl bytea;
begin
    if viewer is null or viewer[1] = 0 then
        return;
    end if;
    -- The kernel looks at no list whose group class, the mask, permits nothing: then who is not of the group is everybody else.
    if i.xattrs > 0 and i.mode & 56 <> 0 then
        select x.value into acl from thule.xattr x where x.ino = i.ino and x.name = 'system.posix_acl_access';
    end if;
    if not thule_internal.permits(i.mode, i.uid, i.gid, acl, viewer, want) then
        perform thule_internal.fail('EACCES', format('user %s may not %s %s', viewer[1],
            case when want & 2 <> 0 then 'write' when want & 4 <> 0 then 'read' when thule_internal.is_directory(i.mode) then 'search' else 'execute' end,
            coalesce(place, 'inode ' || i.ino)));
    end if;
end
$$;

-- Refuses who is neither root nor the owner of an inode. Parameters as those of thule_internal.write_permit. Errors: EPERM.
create function thule_internal.write_own(i thule.inode, viewer bigint[], place text default null) returns void
language plpgsql
as $$
begin
    if viewer[1] not in (0, i.uid) then
        perform thule_internal.fail('EPERM', format('%s is not of user %s', coalesce(place, 'inode ' || i.ino), viewer[1]));
    end if;
end
$$;

-- Refuses to change what chattr(1) has made immutable (16) or append-only (32). Parameters: i, the inode; forbidding, bits of those that
-- forbid it, both by default; place, as of thule_internal.write_permit. Errors: EPERM, for everybody.
create function thule_internal.write_flags(i thule.inode, forbidding integer default 48, place text default null) returns void
language plpgsql
as $$
begin
    if i.flags & forbidding <> 0 then
        perform thule_internal.fail('EPERM', format('%s is %s', coalesce(place, 'inode ' || i.ino),
            case when i.flags & 16 <> 0 then 'immutable' else 'append-only' end), '`chattr -i -a` takes that away.');
    end if;
end
$$;

-- A mode that somebody gives. Parameters: mode. Returns: its lower twelve bits. Errors: what is no mode (EINVAL).
create function thule_internal.write_mode(mode integer) returns integer
language plpgsql
as $$
begin
    if mode is null or mode not between 0 and 65535 then
        perform thule_internal.fail('EINVAL', format('%s is no mode', coalesce(mode::text, 'null')), '420 is rw-r--r--, which in octal is written ''0644''.');
    end if;
    return mode & 4095;
end
$$;

-- Refuses to take a name away: the kernel's may_delete(). Parameters: d, the directory; i, what has the name; directory, whether it has to be one, or must not;
-- viewer, as of thule_internal.session_viewer. Errors: EACCES, EPERM by the sticky bit or chattr, ENOTDIR, EISDIR.
create function thule_internal.write_removable(d thule.inode, i thule.inode, directory boolean, viewer bigint[]) returns void
language plpgsql
as $$
begin
    perform thule_internal.write_permit(d, 3, viewer);
    if d.mode & 512 <> 0 and viewer[1] not in (0, i.uid, d.uid) then
        perform thule_internal.fail('EPERM', format('directory %s is sticky, and inode %s is not of user %s', d.ino, i.ino, viewer[1]));
    elsif directory and not thule_internal.is_directory(i.mode) then
        perform thule_internal.fail('ENOTDIR', format('inode %s is no directory', i.ino));
    elsif not directory and thule_internal.is_directory(i.mode) then
        perform thule_internal.fail('EISDIR', format('inode %s is a directory', i.ino), 'thule.rmdir() removes directories.');
    end if;
    perform thule_internal.write_flags(d);
    perform thule_internal.write_flags(i);
end
$$;

-- Refuses what Debian's kernel does not follow: a symbolic link as the last name of a path, in a sticky directory that everybody may write, which belongs neither
-- to who follows it nor to the owner of the directory (fs/namei.c, may_follow_link(); sysctl fs.protected_symlinks). Parameters: d, the directory; owner, the link's;
-- viewer, as of thule_internal.session_viewer, where null is root: the kernel asks root, too; path. Errors: EACCES.
create function thule_internal.write_protected_link(d thule.inode, owner bigint, viewer bigint[], path text) returns void
language plpgsql
as $$
begin
    if d.mode & 514 = 514 and owner not in (coalesce(viewer[1], 0), d.uid) then
        perform thule_internal.fail('EACCES', format('%s ends in a link that user %s made in a directory for all, so it is not followed', left(path, 100), owner),
            'Give the path that the link leads to, as thule.file.target shows it.');
    end if;
end
$$;

-- Refuses to replace the bytes of a file that somebody else has put where one was going to be made: in a sticky directory that everybody, or its group, may write
-- (fs/namei.c, may_create_in_sticky(); sysctl fs.protected_regular = 2). Parameters: d, the directory; i, the file; viewer and path, as above. Errors: EACCES.
create function thule_internal.write_protected_file(d thule.inode, i thule.inode, viewer bigint[], path text) returns void
language plpgsql
as $$
begin
    if thule_internal.is_file(i.mode) and d.mode & 512 <> 0 and d.mode & 18 <> 0 and i.uid not in (coalesce(viewer[1], 0), d.uid) then
        perform thule_internal.fail('EACCES', format('%s was made by user %s in a directory for all, so it is not replaced', left(path, 100), i.uid),
            'thule.write() and thule.truncate() change a file that is known to be there.');
    end if;
end
$$;
