-- The mode of a new inode, as mknod(2) takes it. Parameters: mode. Returns: mode, that of a file where it has no type.
-- Errors: EPERM for a directory, EINVAL for other types. Tables touched: none.
create function thule_internal.write_node_mode(mode integer) returns integer
language plpgsql
as $$
declare
    made integer := thule_internal.write_mode(mode) | (mode & ~4095);
begin
    if mode & ~4095 = 0 then
        made := made | thule_internal.type_bits('file');
    elsif thule_internal.is_directory(made) then
        perform thule_internal.fail('EPERM', 'mknod makes no directories', 'thule.mkdir() does.');
    elsif not (thule_internal.is_file(made) or thule_internal.is_device(made) or thule.mode_kind(made) in ('fifo', 'socket')) then
        perform thule_internal.fail('EINVAL', format('mode %s has no type that can be made', mode));
    end if;
    return made;
end
$$;

-- Makes a file, fifo, socket or device, as mknod(2).
-- Parameters: path, or parent and name; mode, with the bits of the type, none: a file; major, minor: of a device. Returns: ino.
-- Errors: those of thule_internal.write_begin, write_node_mode, write_walk and write_make. Tables touched: those of thule_internal.write_make (written).
create function thule.mknod(parent bigint, name bytea, mode integer, major integer default 0, minor integer default 0) returns bigint
language plpgsql
as $$
begin
    perform thule_internal.write_begin();
    mode := thule_internal.write_node_mode(mode);
    if major not between 0 and 4095 or minor not between 0 and 1048575 then
        perform thule_internal.fail('EINVAL', format('there is no device %s:%s', major, minor));
    end if;
    -- As the kernel encodes devices: lower 8 bits of the minor, 12 of the major, the rest of the minor.
    return thule_internal.write_make('mknod', parent, name, mode, case when thule_internal.is_device(mode) then
        (minor & 255)::bigint | (major::bigint << 8) | ((minor & ~255)::bigint << 12) else 0 end, null, thule_internal.write_begin());
end
$$;

comment on function thule.mknod(bigint, bytea, integer, integer, integer) is
    'Makes a file, fifo, socket or device in a directory given by its inode, as mknod(2); returns the inode. The mode has the bits of the type: 4480 is a fifo, octal 010600. Example: select thule.mknod(42, ''pipe'', 4480);';

create function thule.mknod(path text, mode integer, major integer default 0, minor integer default 0) returns bigint
language plpgsql
as $$
declare
    p record;
begin
    perform thule_internal.write_begin();
    mode := thule_internal.write_node_mode(mode);
    p := thule_internal.write_place(path, thule_internal.write_begin(), 'EEXIST', 'EEXIST', 'EEXIST', true);
    return thule.mknod(p.dir, p.name, mode, major, minor);
end
$$;

comment on function thule.mknod(text, integer, integer, integer) is
    'Makes a file, fifo, socket or device, as mknod(2); returns the inode. The mode has the bits of the type: 4480 is a fifo, octal 010600. Example: select thule.mknod(''/a/pipe'', 4480);';
