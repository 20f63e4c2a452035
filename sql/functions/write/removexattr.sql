-- Takes an extended attribute away, as removexattr(2). To take an access list from where there is none does nothing.
-- Parameters: ino, or path, followed where follow says so; name, escaped as names of files are. Returns: ino.
-- Errors: those of thule_internal.write_begin, write_walk and xattr_check, ENODATA.
-- Tables touched: op, inode, xattr and the tables of their past (written).
create function thule.removexattr(ino bigint, name text) returns bigint
language plpgsql
as $$
declare
    called constant bytea := thule_internal.xattr_bytes(removexattr.name);
    viewer bigint[] := thule_internal.write_begin();
    i      thule.inode;
    w      record;
begin
    i := thule_internal.write_inode(removexattr.ino);
    if called = 'system.posix_acl_default' and not thule_internal.is_directory(i.mode) and not thule_internal.is_symlink(i.mode) then
        return i.ino;                       -- it has none, whoever asks
    end if;
    perform thule_internal.xattr_check(i, called, viewer);
    perform thule_internal.xattr_name(removexattr.name);
    perform thule_internal.write_flags(i);
    if i.xattrs = 0 or not exists (select from thule.xattr x where x.ino = i.ino and x.name = called) then
        if called not in ('system.posix_acl_access', 'system.posix_acl_default') then
            perform thule_internal.fail('ENODATA', format('inode %s has no attribute %s', i.ino, removexattr.name));
        end if;
        return i.ino;
    end if;
    w := thule_internal.write_op('removexattr', i.ino, name => called);
    i.xattrs := i.xattrs + thule_internal.write_xattr(i.ino, called, null, w.op, w.at);
    i.ctime_ns := w.now_ns;
    perform thule_internal.write_version(i, w.op, w.at);
    return i.ino;
end
$$;

comment on function thule.removexattr(bigint, text) is
    'Takes an extended attribute from an inode, as removexattr(2); returns the inode. Example: select thule.removexattr(42, ''user.origin'');';

create function thule.removexattr(path text, name text, follow boolean default true) returns bigint
language plpgsql
as $$
begin
    perform thule_internal.write_begin();
    perform thule_internal.xattr_bytes(name);
    return thule.removexattr(thule_internal.write_found(path, coalesce(follow, true), thule_internal.write_begin()), name);
end
$$;

comment on function thule.removexattr(text, text, boolean) is
    'Takes an extended attribute away, as removexattr(2); returns the inode. Example: select thule.removexattr(''/a/b'', ''user.origin'');';
