-- The bytes of the name of an extended attribute, of a length that it can have: all that the kernel looks at before it walks a path.
-- Parameters: name, escaped as names of files are. Returns: bytea. Errors: ERANGE, EINVAL. Tables touched: none.
create function thule_internal.xattr_bytes(name text) returns bytea
language plpgsql immutable
as $$
declare
    called bytea;
begin
    perform thule_internal.write_escapes(name);
    called := thule.unescape_name(name);
    if called is null or octet_length(called) not between 1 and 255 then
        perform thule_internal.fail('ERANGE', format('the name of an attribute has 1 to 255 bytes, and this one %s', coalesce(octet_length(called), 0)),
            'Give one like user.origin.');
    end if;
    return called;
end
$$;

-- The bytes of the name of an extended attribute that the mount keeps (xattr(7), fs/op/xattr.c).
-- Parameters: name, escaped as names of files are. Returns: bytea. Errors: EOPNOTSUPP, EINVAL, those of thule_internal.xattr_bytes. Tables touched: none.
create function thule_internal.xattr_name(name text) returns bytea
language plpgsql immutable
as $$
declare
    called bytea := thule_internal.xattr_bytes(name);
begin
    if position(E'\\x00'::bytea in called) > 0 or called in ('user.', 'trusted.', 'security.') then
        perform thule_internal.fail('EINVAL', format('%s is no name of an attribute', quote_literal(name)), 'Give one like user.origin.');
    elsif called not in ('system.posix_acl_access', 'system.posix_acl_default') and substr(called, 1, 5) <> 'user.' and substr(called, 1, 8) <> 'trusted.'
        and substr(called, 1, 9) <> 'security.' then
        perform thule_internal.fail('EOPNOTSUPP', format('there are no attributes like %s', quote_literal(name)),
            'Names begin with user., trusted. or security., or are system.posix_acl_access and system.posix_acl_default.');
    end if;
    return called;
end
$$;

-- Refuses who may not change an attribute of an inode, as the kernel does before it asks the mount: user.* is for who may write, of files and
-- directories; access lists are the owner's; the rest is root's.
-- Parameters: i, the inode; name, in bytes; viewer, as of thule_internal.session_viewer. Returns: nothing. Errors: EPERM, EACCES, EOPNOTSUPP.
-- Tables touched: xattr (read).
create function thule_internal.xattr_check(i thule.inode, name bytea, viewer bigint[]) returns void
language plpgsql
as $$
begin
    if substr(name, 1, 7) = 'system.' then
        if thule_internal.is_symlink(i.mode) then
            perform thule_internal.fail('EOPNOTSUPP', format('inode %s is a symbolic link, which has no access list', i.ino));
        end if;
        perform thule_internal.write_own(i, viewer);
    elsif substr(name, 1, 5) = 'user.' then
        if not thule_internal.is_file(i.mode) and not thule_internal.is_directory(i.mode) then
            perform thule_internal.fail('EPERM', format('inode %s is a %s, which has no user attributes', i.ino, thule.mode_kind(i.mode)),
                'Files and directories have them.');
        elsif thule_internal.is_directory(i.mode) and i.mode & 512 <> 0 then
            perform thule_internal.write_own(i, viewer);
        end if;
        perform thule_internal.write_permit(i, 2, viewer);
    elsif substr(name, 1, 8) = 'trusted.' or substr(name, 1, 9) = 'security.' then
        if viewer[1] <> 0 then
            perform thule_internal.fail('EPERM', format('only root sets and takes away %s', thule.escape_name(name)));
        end if;
    else
        perform thule_internal.write_permit(i, 2, viewer);     -- before thule_internal.xattr_name says that there is no such name
    end if;
end
$$;
