-- Sets an extended attribute, as setxattr(2). An access list also sets the permission bits, and is not kept where it says no more than they do.
-- Parameters: ino, or path, followed where follow says so; name, escaped as names of files are; value; flags, 0, 1 (it must not be there
--   yet), 2 (it must be there). Returns: ino.
-- Errors: those of thule_internal.write_begin, write_walk and xattr_check, E2BIG, EEXIST, ENODATA, ENOSPC, EINVAL.
-- Tables touched: op, inode, xattr and the tables of their past (written).
create function thule.setxattr(ino bigint, name text, value bytea, flags integer default 0) returns bigint
language plpgsql
as $$
declare
    called constant bytea := thule_internal.xattr_bytes(setxattr.name);
    access constant boolean := called = 'system.posix_acl_access';
    list   constant boolean := access or called = 'system.posix_acl_default';
    viewer bigint[] := thule_internal.write_begin();
    i      thule.inode;
    bits   integer;
    empty  boolean := false;
    there  boolean;
    listed bigint;
    w      record;
begin
    if value is null or setxattr.flags is null or setxattr.flags & ~3 <> 0 then
        perform thule_internal.fail('EINVAL', 'the value is null, or the flags are not 0, 1 or 2', 'thule.removexattr() takes an attribute away.');
    elsif octet_length(value) > (case when list then 4096 else 65536 end) then
        perform thule_internal.fail('E2BIG', format('%s would have %s bytes', setxattr.name, octet_length(value)), 'A value has at most 65536 bytes, an access list 4096.');
    end if;
    i := thule_internal.write_inode(setxattr.ino);
    if list and not access and value <> '' and not thule_internal.is_directory(i.mode) and not thule_internal.is_symlink(i.mode) then
        perform thule_internal.fail('EACCES', 'only directories have a default access list');
    end if;
    perform thule_internal.xattr_check(i, called, viewer);
    perform thule_internal.xattr_name(setxattr.name);
    if list and value = '' then
        return thule.removexattr(i.ino, setxattr.name);
    elsif list and not thule_internal.acl_valid(value) or called = 'security.capability'
        and encode(substr(value, 4, 1), 'hex') || octet_length(value) not in ('0220', '0324') then
        perform thule_internal.fail('EINVAL', format('these bytes are not what %s has', setxattr.name), 'setfacl(1) and setcap(8) make them of text.');
    end if;
    perform thule_internal.write_flags(i);
    select coalesce(bool_or(x.name = called), false), coalesce(sum(octet_length(x.name) + 1), 0) into there, listed
        from thule.xattr x where i.xattrs > 0 and x.ino = i.ino;
    if there and setxattr.flags & 1 <> 0 and not list then
        perform thule_internal.fail('EEXIST', format('inode %s has an attribute %s already', i.ino, setxattr.name));
    elsif not there and setxattr.flags & 2 <> 0 and not list then
        perform thule_internal.fail('ENODATA', format('inode %s has no attribute %s', i.ino, setxattr.name));
    elsif not there and listed + octet_length(called) + 1 > 65536 then
        perform thule_internal.fail('ENOSPC', format('the names of all attributes of inode %s would be too long', i.ino), 'Together they have at most 65536 bytes.');
    end if;
    w := thule_internal.write_op('setxattr', i.ino, name => called, len => octet_length(value));
    if access then
        select a.mode, a.minimal into bits, empty from thule_internal.acl_mode(value) a;
        i.mode := i.mode & ~511 | bits;
        if viewer[1] <> 0 and i.gid <> all (viewer[2:]) then
            i.mode := i.mode & ~1024;
        end if;
    end if;
    i.xattrs := i.xattrs + thule_internal.write_xattr(i.ino, called, case when not empty then value end, w.op, w.at);
    i.ctime_ns := w.now_ns;
    perform thule_internal.write_version(i, w.op, w.at);
    return i.ino;
end
$$;

comment on function thule.setxattr(bigint, text, bytea, integer) is
    'Sets an extended attribute of an inode, as setxattr(2); flags 1: it must be new, 2: it must be there; returns the inode. Example: select thule.setxattr(42, ''user.origin'', ''scan'');';

create function thule.setxattr(path text, name text, value bytea, flags integer default 0, follow boolean default true) returns bigint
language plpgsql
as $$
begin
    perform thule_internal.write_begin();
    perform thule_internal.xattr_bytes(name);
    return thule.setxattr(thule_internal.write_found(path, coalesce(follow, true), thule_internal.write_begin()), name, value, flags);
end
$$;

comment on function thule.setxattr(text, text, bytea, integer, boolean) is
    'Sets an extended attribute, as setxattr(2); flags 1: it must be new, 2: it must be there; returns the inode. Example: select thule.setxattr(''/a/b'', ''user.origin'', ''scan'');';
