-- Sets the size of a file, as truncate(2): bytes behind it end, and where it grows there is a hole.
-- Parameters: ino, or path, through symbolic links; size, in bytes. Returns: ino. Errors and tables: those of thule.write.
create function thule.truncate(ino bigint, size bigint) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
    i      thule.inode;
    w      record;
begin
    i := thule_internal.write_inode(truncate.ino);
    perform thule_internal.write_regular(i);
    perform thule_internal.write_permit(i, 2, viewer);
    perform thule_internal.write_flags(i);
    perform thule_internal.write_range(truncate.size, 0);
    w := thule_internal.write_op('truncate', i.ino, off => truncate.size);
    if truncate.size < i.size then
        perform thule_internal.bytes_end(i.ino, truncate.size, thule_internal.no_limit(), w.op);
        i.allocated := thule_internal.allocated_cut(i.allocated, i.size, truncate.size, i.size, 0);
    end if;
    i.size := truncate.size;
    i.mtime_ns := w.now_ns;
    i.ctime_ns := w.now_ns;
    i.mode := thule_internal.set_id_written(i.mode, i.gid, viewer);
    perform thule_internal.write_version(i, w.op, w.at);
    return i.ino;
end
$$;

comment on function thule.truncate(bigint, bigint) is
    'Sets the size of an inode in bytes, as truncate(2); returns the inode. Example: select thule.truncate(42, 0);';

create function thule.truncate(path text, size bigint) returns bigint
language plpgsql
as $$
begin
    perform thule_internal.write_begin();
    if coalesce(truncate.size, -1) < 0 then
        perform thule_internal.write_range(truncate.size, 0);      -- before the path is walked
    end if;
    return thule.truncate(thule_internal.write_found(truncate.path, true, thule_internal.write_begin()), truncate.size);
end
$$;

comment on function thule.truncate(text, bigint) is
    'Sets the size of a file in bytes, as truncate(2); returns the inode. Example: select thule.truncate(''/a/b'', 0);';
