-- The extents that ops in a range began, and the pieces of extents that they ended. What is cut in pieces is told by where it began:
-- pieces of one blob, of one op and as far apart in the file as in the blob were one extent.
-- Parameters: since, exclusive, and upto, the range.
-- Returns: op_from; op_to, null for what began; ino, blob, shift: offset in the file less that in the blob; lo and hi, its range in the file.
-- Tables touched: extent, extent_history (read).
create function thule_internal.audit_extent(since bigint, upto bigint)
returns table (op_from bigint, op_to bigint, ino bigint, blob bigint, shift bigint, lo bigint, hi bigint)
language sql stable parallel safe
begin atomic
    with piece as (
        select e.ino::bigint as ino, e.op_from, e.op_to, e.blob::bigint as blob, e.file_off - e.blob_off as shift, e.file_off::bigint as lo,
            e.file_off + e.len as hi
        from (
            select * from thule.extent p where p.op_from > audit_extent.since and p.op_from <= audit_extent.upto
            union all
            select * from thule.extent_history h where h.op_to > audit_extent.since and h.op_from <= audit_extent.upto
                and (h.op_from > audit_extent.since or h.op_to <= audit_extent.upto)
        ) e
    )
    select b.op_from, null::bigint as op_to, b.ino, b.blob, b.shift, lower(u.r) as lo, upper(u.r) as hi
    from (
        select p.op_from, p.ino, p.blob, p.shift, range_agg(int8range(p.lo, p.hi)) as ranges
        from piece p
        where p.op_from > audit_extent.since
        group by p.op_from, p.ino, p.blob, p.shift
    ) b
    cross join lateral unnest(b.ranges) u (r)
    union all
    select p.op_from, p.op_to, p.ino, p.blob, p.shift, p.lo, p.hi from piece p where p.op_to <= audit_extent.upto;
end;
