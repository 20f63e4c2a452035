-- Makes an inode with a name: what create, mkdir, mknod and symlink have in common (fs/op/create.c).
-- Parameters: kind, of the op; parent, name: the place; mode, with the bits of the type; rdev, of a device; target, of a symbolic link; viewer, as of
--   thule_internal.session_viewer, whose it will be.
-- Returns: ino. Errors: ENOTDIR, EEXIST, EACCES, EPERM, EMLINK, and of the name. Tables touched: op, inode, dirent, xattr and the tables of
--   their past (written).
create function thule_internal.write_make(kind text, parent bigint, name bytea, mode integer, rdev bigint, target bytea, viewer bigint[]) returns bigint
language plpgsql
as $$
declare
    d    thule.inode := thule_internal.write_directory(parent);
    i    thule.inode;
    list bytea;
    a    record;
    w    record;
begin
    if thule_internal.write_entry(parent, name) is not null then
        perform thule_internal.fail('EEXIST', format('there is a %s in directory %s', thule.escape_name(name), parent));
    end if;
    perform thule_internal.write_permit(d, 3, viewer);
    perform thule_internal.write_flags(d, 16);
    if thule_internal.is_device(mode) and rdev <> 0 and viewer[1] <> 0 then
        perform thule_internal.fail('EPERM', 'only root makes devices');
    elsif thule_internal.is_directory(mode) and d.nlink = 2147483647 then
        perform thule_internal.fail('EMLINK', format('directory %s has as many directories as it can', parent));
    end if;
    if d.xattrs > 0 and not thule_internal.is_symlink(mode) then
        list := (select x.value from thule.xattr x where x.ino = parent and x.name = 'system.posix_acl_default');
    end if;

    -- A directory with the set-group-id bit hands its group down, and the bit to directories: inode(7). Who is not of the group has no file with both.
    if d.mode & 1024 <> 0 and thule_internal.is_directory(mode) then
        mode := mode | 1024;
    elsif d.mode & 1024 <> 0 and mode & 1032 = 1032 and viewer[1] <> 0 and d.gid <> all (viewer[2:]) then
        mode := mode & ~1024;
    end if;
    w := thule_internal.write_op(kind, null, parent, name);
    i.ino := w.ino;
    i.mode := mode;
    i.nlink := case when thule_internal.is_directory(mode) then 2 else 1 end;
    i.uid := coalesce(viewer[1], 0);
    i.gid := case when d.mode & 1024 <> 0 then d.gid else coalesce(viewer[2], 0) end;
    i.rdev := rdev;
    i.size := case when thule_internal.is_directory(mode) then 4096 else coalesce(octet_length(target), 0) end;
    i.allocated := case when thule_internal.is_directory(mode) then 4096 else 0 end;
    i.atime_ns := w.now_ns;
    i.mtime_ns := w.now_ns;
    i.ctime_ns := w.now_ns;
    i.btime_ns := w.now_ns;
    i.flags := d.flags & 192;               -- nodump and noatime
    i.xattrs := 0;
    i.project := d.project;
    i.target := target;
    if list is not null then
        a := thule_internal.acl_mode(list);
        i.mode := (mode & ~511) | (mode & a.mode & 511);
        if not a.minimal then
            i.xattrs := thule_internal.write_xattr(i.ino, 'system.posix_acl_access', thule_internal.acl_of_mode(list, i.mode), w.op, w.at);
        end if;
        if thule_internal.is_directory(mode) then
            i.xattrs := i.xattrs + thule_internal.write_xattr(i.ino, 'system.posix_acl_default', list, w.op, w.at);
        end if;
    end if;
    perform thule_internal.write_new(i, w.op, w.at);
    perform thule_internal.write_name(parent, name, i.ino, w.op, w.at);
    d.nlink := d.nlink + thule_internal.is_directory(mode)::integer;
    perform thule_internal.write_touched(d, w.op, w.at);
    return i.ino;
end
$$;

-- Gives a directory in which an op has changed names its new times. Parameters: d, the directory; op, at, as of thule_internal.write_op.
-- Returns: nothing. Tables touched: those of thule_internal.write_version (written).
create function thule_internal.write_touched(d thule.inode, op bigint, at timestamptz) returns void
language plpgsql
as $$
begin
    d.mtime_ns := thule.time_ns(at);
    d.ctime_ns := d.mtime_ns;
    perform thule_internal.write_version(d, op, at);
end
$$;
