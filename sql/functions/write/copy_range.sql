-- Copies bytes of a file into another one, or elsewhere in the same, as copy_file_range(2): no byte is copied, the range refers to the blobs of the
-- source. Holes stay holes.
-- Parameters: from_ino, or from_path; from_off; to_ino, or to_path; to_off; len, in bytes, null: to the end of the source. Paths are followed.
-- Returns: how many bytes: less where the source ends before. Errors and tables: those of thule.write; ranges of one file that overlap (EINVAL).
create function thule.copy_range(from_ino bigint, from_off bigint, to_ino bigint, to_off bigint, len bigint default null) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
    source thule.inode;
    i      thule.inode;
    w      record;
    bytes  bigint;
    shift  bigint;
begin
    source := thule_internal.write_inode(from_ino);
    i := thule_internal.write_inode(to_ino);
    perform thule_internal.write_regular(source);
    perform thule_internal.write_regular(i);
    perform thule_internal.write_permit(source, 4, viewer);
    perform thule_internal.write_permit(i, 2, viewer);
    perform thule_internal.write_flags(i);
    perform thule_internal.write_range(from_off, coalesce(len, 0));
    len := greatest(least(coalesce(len, source.size), source.size - from_off), 0);
    perform thule_internal.write_range(to_off, len);
    shift := to_off - from_off;
    if source.ino = i.ino and from_off < to_off + len and to_off < from_off + len then
        perform thule_internal.fail('EINVAL', 'both ranges are of one file, and overlap', 'Copy less at a time, or to another file.');
    elsif len = 0 then
        return 0;
    end if;
    w := thule_internal.write_op('copy_range', i.ino, off => to_off, len => len);
    if to_off < i.size then
        perform thule_internal.bytes_end(i.ino, to_off, least(to_off + len, i.size), w.op);
        i.allocated := thule_internal.allocated_cut(i.allocated, i.size, to_off, least(to_off + len, i.size), 0);
    end if;
    with piece as (
        insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
            select i.ino, p.first + shift, p.last - p.first, e.blob, e.blob_off + p.first - e.file_off, w.op
            from thule.extent e
            cross join lateral (
                select greatest(e.file_off, from_off) as first, least(e.file_off + e.len, from_off + copy_range.len) as last
            ) p
            where e.ino = source.ino and e.file_off < from_off + copy_range.len and e.file_off > from_off - thule_internal.extent_max()
                and e.file_off + e.len > from_off
            returning extent.len
    )
    select coalesce(sum(p.len), 0) into bytes from piece p;
    i.size := greatest(i.size, to_off + len);
    i.allocated := least(i.allocated + bytes, i.size);
    i.mtime_ns := w.now_ns;
    i.ctime_ns := w.now_ns;
    i.mode := thule_internal.set_id_written(i.mode, i.gid, viewer);
    perform thule_internal.write_version(i, w.op, w.at);
    return len;
end
$$;

comment on function thule.copy_range(bigint, bigint, bigint, bigint, bigint) is
    'Copies bytes of one inode into another without storing them twice, as copy_file_range(2); returns how many. Example: select thule.copy_range(42, 0, 43, 0);';

create function thule.copy_range(from_path text, from_off bigint, to_path text, to_off bigint, len bigint default null) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
begin
    return thule.copy_range(thule_internal.write_found(from_path, true, viewer), from_off,
        thule_internal.write_found(to_path, true, viewer), to_off, len);
end
$$;

comment on function thule.copy_range(text, bigint, text, bigint, bigint) is
    'Copies bytes of one file into another without storing them twice, as copy_file_range(2); to the end where no length is given; returns how many. Example: select thule.copy_range(''/a/b'', 0, ''/a/copy'', 0);';
