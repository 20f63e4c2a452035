-- Sets the permission bits of a file, as chmod(2), for somebody: in a transaction that has the right to write, and by calls of functions only where there is something for
-- them to do, since this is what thule.chmod does of a transaction of one op.
-- Parameters: ino; mode, of which the lower twelve bits count; viewer, as of thule_internal.session_viewer. Returns: ino.
-- Errors: ESTALE, EPERM, EINVAL, EOPNOTSUPP. Tables touched: op, inode, xattr and the tables of their past (written).
create function thule_internal.write_chmod(ino bigint, mode integer, viewer bigint[]) returns bigint
language plpgsql
as $$
declare
    i   thule.inode := thule_internal.write_inode(ino);
    acl bytea;
    w   record;
begin
    if viewer is not null then
        perform thule_internal.write_own(i, viewer);
    end if;
    if thule_internal.is_symlink(i.mode) then
        perform thule_internal.fail('EOPNOTSUPP', format('inode %s is a symbolic link, which has no mode of its own', ino));
    end if;
    mode := thule_internal.write_mode(mode);
    if i.flags <> 0 then
        perform thule_internal.write_flags(i);
    end if;
    -- Who is not of the group does not set its id.
    i.mode := (i.mode & ~4095) | (mode & case when viewer is null or viewer[1] = 0 or i.gid = any (viewer[2:]) then 4095 else 3071 end);
    w := thule_internal.write_op('chmod', ino);
    i.ctime_ns := w.now_ns;
    if i.xattrs > 0 then
        select x.value into acl from thule.xattr x where x.ino = write_chmod.ino and x.name = 'system.posix_acl_access';
        if found then
            perform thule_internal.write_xattr(ino, 'system.posix_acl_access', thule_internal.acl_of_mode(acl, mode), w.op, w.at);
        end if;
    end if;
    return thule_internal.write_version(i, w.op, w.at);
end
$$;

-- Sets the permission bits of a file, as chmod(2).
-- Parameters: ino, or path, through symbolic links; mode, of which the lower twelve bits count. Returns: ino.
-- Errors: those of thule_internal.write_begin, write_walk and write_chmod. Tables touched: those of these.
create function thule.chmod(ino bigint, mode integer) returns bigint
language plpgsql
as $$
begin
    return thule_internal.write_chmod(ino, mode, thule_internal.write_begin());
end
$$;

comment on function thule.chmod(bigint, integer) is
    'Sets the permission bits of an inode, as chmod(2); returns the inode. The mode is a number: 420 is rw-r--r--, octal 0644. Example: select thule.chmod(42, 420);';

create function thule.chmod(path text, mode integer) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
begin
    return thule_internal.write_chmod(thule_internal.write_found(path, true, viewer), mode, viewer);
end
$$;

comment on function thule.chmod(text, integer) is
    'Sets the permission bits of what a path leads to, as chmod(2); returns the inode. The mode is a number: 420 is rw-r--r--, octal 0644. Example: select thule.chmod(''/a/b'', 420);';

create function thule.chmod(ino bigint, mode text) returns bigint
language sql
return thule.chmod(ino, thule_internal.write_octal(mode));

comment on function thule.chmod(bigint, text) is
    'thule.chmod of an inode with the mode in octal, as text that begins with 0. Example: select thule.chmod(42, ''0644'');';

create function thule.chmod(path text, mode text) returns bigint
language sql
return thule.chmod(path, thule_internal.write_octal(mode));

comment on function thule.chmod(text, text) is
    'thule.chmod of a path with the mode in octal, as text that begins with 0. Example: select thule.chmod(''/a/b'', ''0644'');';
