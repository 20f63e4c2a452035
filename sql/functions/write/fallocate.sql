-- Extends a file, or makes a hole in it, as fallocate(2). Nothing is reserved on the disk: the range counts as allocated.
-- Parameters: ino, or path, through symbolic links; off, len, in bytes; mode: 0, or the sum of 1 (the size stays), 2 (punch a hole, with 1
--   alone) and 16 (zero the range). Returns: ino. Errors: also EOPNOTSUPP, ENODEV. Tables: those of thule.write.
create function thule.fallocate(ino bigint, off bigint, len bigint, mode integer default 0) returns bigint
language plpgsql
as $$
declare
    viewer  bigint[] := thule_internal.write_begin();
    i       thule.inode;
    w       record;
    last    bigint;
    counted bigint;
begin
    i := thule_internal.write_inode(fallocate.ino);
    if fallocate.mode is null or fallocate.mode & ~19 <> 0 or fallocate.mode & 2 <> 0 and fallocate.mode <> 3 then
        perform thule_internal.fail('EOPNOTSUPP', format('%s is no mode of fallocate', coalesce(fallocate.mode::text, 'null')),
            '0 extends, 1 does so without a new size, 3 punches a hole, 16 or 17 zeroes.');
    elsif not thule_internal.is_file(i.mode) and not thule_internal.is_directory(i.mode) then
        perform thule_internal.fail('ENODEV', format('inode %s is a %s, which has no bytes of its own', i.ino, thule.mode_kind(i.mode)),
            'Give the path of a regular file.');
    elsif len = 0 then
        perform thule_internal.fail('EINVAL', 'the range has no bytes', 'Give a length of 1 or more.');
    end if;
    perform thule_internal.write_regular(i);
    perform thule_internal.write_permit(i, 2, viewer);
    perform thule_internal.write_flags(i, case when fallocate.mode & ~1 = 0 then 16 else 48 end);
    perform thule_internal.write_range(off, len);
    w := thule_internal.write_op('fallocate', i.ino, off => off, len => len);
    last := least(off + len, i.size);
    if fallocate.mode & 18 <> 0 and off < last then
        select coalesce(sum(least(e.file_off + e.len, last) - greatest(e.file_off, off)), 0) into counted
            from thule.extent e
            where e.ino = i.ino and e.file_off < last and e.file_off > off - thule_internal.extent_max() and e.file_off + e.len > off;
        perform thule_internal.bytes_end(i.ino, off, last, w.op);
        i.allocated := thule_internal.allocated_cut(i.allocated, i.size, off, last, counted);
    end if;
    if fallocate.mode & 1 = 0 then
        i.size := greatest(i.size, off + len);
    end if;
    last := least(off + len, i.size);
    if fallocate.mode & 2 = 0 and off < last then
        i.allocated := thule_internal.allocated_write(i.allocated, i.size, off, last - off);
    end if;
    i.mtime_ns := w.now_ns;
    i.ctime_ns := w.now_ns;
    i.mode := thule_internal.set_id_written(i.mode, i.gid, viewer);
    perform thule_internal.write_version(i, w.op, w.at);
    return i.ino;
end
$$;

comment on function thule.fallocate(bigint, bigint, bigint, integer) is
    'Extends an inode, or makes a hole in it, as fallocate(2); returns the inode. Example: select thule.fallocate(42, 0, 1048576);';

create function thule.fallocate(path text, off bigint, len bigint, mode integer default 0) returns bigint
language plpgsql
as $$
begin
    return thule.fallocate(thule_internal.write_found(path, true, thule_internal.write_begin()), off, len, fallocate.mode);
end
$$;

comment on function thule.fallocate(text, bigint, bigint, integer) is
    'Extends a file, or makes a hole in it, as fallocate(2): mode 0 extends it, 3 punches a hole, 16 zeroes; returns the inode. Example: select thule.fallocate(''/a/b'', 4096, 4096, 3);';
