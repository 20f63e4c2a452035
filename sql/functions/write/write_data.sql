-- What thule.write and thule.append do to an inode.
-- Parameters: i, the inode; off, null: at its end; bytes; opened, whether it is open for this already, so that its mode does not count.
-- Returns: how many bytes. Errors and tables: those of thule.write.
-- To write no bytes does nothing, as on the mount.
create function thule_internal.write_data(i thule.inode, off bigint, bytes bytea, opened boolean default false) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
    len    bigint := octet_length(bytes);
    w      record;
begin
    perform thule_internal.write_regular(i);
    if not opened then
        perform thule_internal.write_permit(i, 2, viewer);
    end if;
    perform thule_internal.write_flags(i, case when off is null then 16 else 48 end);
    off := coalesce(off, i.size);
    perform thule_internal.write_range(off, len);
    if len = 0 then
        return 0;
    end if;
    w := thule_internal.write_op('write', i.ino, off => off, len => len);
    if off < i.size then
        perform thule_internal.bytes_end(i.ino, off, off + len, w.op);
    end if;
    perform thule_internal.bytes_begin(i.ino, off, bytes, w.op);
    i.allocated := thule_internal.allocated_write(i.allocated, i.size, off, len);
    i.size := greatest(i.size, off + len);
    i.mtime_ns := w.now_ns;
    i.ctime_ns := w.now_ns;
    i.mode := thule_internal.set_id_written(i.mode, i.gid, viewer);
    perform thule_internal.write_version(i, w.op, w.at);
    return len;
end
$$;
