-- Bytes of a regular file once an op had happened; what no extent covers is zeros.
-- Parameters: ino; at_op, an op (2^63-1: the present); off and len, bytes, as in pread(2).
-- Returns: bytea, shorter than len at the end of the file, empty past it; null when there was no such inode.
--   Errors: not a regular file (wrong_object_type), negative off or len (invalid_parameter_value), a result that
--   does not fit in one value (program_limit_exceeded), a blob that is missing or short (data_corrupted).
-- Tables touched: inode, inode_history, extent, extent_history, blob (read).
create function thule.read_at_op(ino bigint, at_op bigint, off bigint, len bigint) returns bytea
language plpgsql stable strict parallel safe cost 10000
as $$
declare
    file      record;
    range_end bigint;                       -- exclusive
    result    bytea;
begin
    if not thule_internal.sees_tables() then
        return thule_internal.read_seen(ino, at_op, off, len);
    end if;
    if off < 0 or len < 0 then
        raise exception using errcode = 'invalid_parameter_value', message = format('offset %s or length %s is negative', off, len),
            hint = 'Give both in bytes, from 0 on.';
    end if;
    -- As thule_internal.inode_at_op has it, but for two columns of it, which takes half the time.
    select v.mode, v.size into file
    from (
        select i.mode, i.size from thule.inode i where i.ino = read_at_op.ino and i.op_from <= at_op
        union all
        select h.mode, h.size
        from (
            select i.mode, i.size, i.op_to from thule.inode_history i
            where i.ino = read_at_op.ino and i.op_from <= at_op
            order by i.op_from desc limit 1
        ) h
        where h.op_to > at_op
    ) v;
    if not found then
        return null;
    end if;
    if thule.mode_kind(file.mode) is distinct from 'file' then
        raise exception using errcode = 'wrong_object_type',
            message = format('inode %s is not a regular file: its kind is %s', ino, thule.mode_kind(file.mode));
    end if;
    range_end := off + least(len, greatest(file.size - off, 0));
    if range_end - off > 1073741000 then
        raise exception using errcode = 'program_limit_exceeded',
            message = format('%s bytes do not fit in one SQL value (1 GB)', range_end - off),
            hint = 'Read the file in the mount, or in pieces with thule.read_at_op(ino, op, offset, length).';
    end if;

    -- An extent is at most 128 KiB long, so none that begins earlier than that reaches into the range.
    with extent as (
        select e.file_off, e.len, e.blob, e.blob_off from thule.extent e
        where e.ino = read_at_op.ino and e.file_off > off - thule_internal.extent_max() and e.file_off < range_end
            and e.file_off + e.len > off and e.op_from <= at_op
        union all
        select e.file_off, e.len, e.blob, e.blob_off from thule.extent_history e
        where e.ino = read_at_op.ino and e.file_off > off - thule_internal.extent_max() and e.file_off < range_end
            and e.file_off + e.len > off and e.op_from <= at_op and e.op_to > at_op
    ), data as (
        select greatest(e.file_off, off) as first, least(e.file_off + e.len, range_end) as next, e.blob,
            e.blob_off + greatest(off - e.file_off, 0) as blob_off
        from extent e
    ), hole as (
        select lag(d.next, 1, off) over (order by d.first) as first, d.first as next from data d
        union all
        select coalesce(max(d.next), off), range_end from data d
    ), part as (
        select d.first, substr(b.data, d.blob_off::integer + 1, (d.next - d.first)::integer) as bytes
        from data d
        left join lateral (select p.data from thule.blob p where p.id = d.blob offset 0) b on true
        union all
        select c.first, substr(thule_internal.zeros(), 1, least(h.next - c.first, thule_internal.extent_max())::integer)
        from hole h
        cross join generate_series(h.first, h.next - 1, thule_internal.extent_max()) as c (first)
    )
    select coalesce(string_agg(p.bytes, '' order by p.first), '') into result from part p;
    if octet_length(result) <> range_end - off then
        raise exception using errcode = 'data_corrupted',
            message = format('the content of inode %s is damaged: %s of %s bytes found', ino,
                octet_length(result), range_end - off),
            hint = 'Ask thule.fsck what is wrong.';
    end if;
    return result;
end
$$;

comment on function thule.read_at_op(bigint, bigint, bigint, bigint) is
    'A range of bytes of an inode once an op had happened (2^63-1: now); offset and length in bytes. Shorter at the end of the file; NULL: there was no such inode. Example: select thule.read_at_op(thule.resolve(''/a/b''), thule.op_at(now()), 0, 100);';
