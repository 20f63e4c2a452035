-- Extents of one file that overlap.
create function thule_internal.fsck_extent_overlap() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'extent_overlap' as check_id, 'error' as severity, e.ino,
        format('the extent at %s of %s bytes overlaps the one at %s', e.file_off, e.len, e.next) as detail,
        e.op_from as op, 'the bytes that were written last stay' as repair
    from (
        select x.ino, x.file_off, x.len, x.op_from,
            lead(x.file_off) over (partition by x.ino order by x.file_off) as next
        from thule.extent x
    ) e
    where case when thule_internal.extent_possible(e.file_off, e.len)
        then e.file_off + e.len > e.next end; -- the others: thule_internal.fsck_extent_range
end;

-- In place: both were there at once, so there is no op by which one of them went.
create function thule_internal.repair_extent_overlap() returns void
language plpgsql
as $$
begin
    with cut as (
        select e.ino, e.file_off, e.blob, e.blob_off, e.op_from, b.bytes, b.bytes - b.later as rest
        from (
            select x.*, int8multirange(int8range(x.file_off, x.file_off + x.len)) as bytes,
                (select range_agg(int8range(y.file_off, y.file_off + y.len))
                from thule.extent y
                where y.ino = x.ino and y.file_off < x.file_off + x.len and y.file_off > x.file_off - thule_internal.extent_max()
                    and y.file_off + y.len > x.file_off and (y.op_from, y.blob, y.file_off) > (x.op_from, x.blob, x.file_off)) as later
            from thule.extent x
            where x.ino in (select f.ino from pg_temp.repair_found f where f.check_id = 'extent_overlap')
        ) e
        cross join lateral (select e.bytes, e.later) b
        where e.later is not null
    ), gone as (
        delete from thule.extent e using cut c where e.ino = c.ino and e.file_off = c.file_off and e.op_from = c.op_from
        returning c.*
    ), noted as (
        insert into pg_temp.repair_inode (ino) select distinct g.ino from gone g on conflict do nothing
    )
    insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
        select g.ino, lower(r), upper(r) - lower(r), g.blob, g.blob_off + lower(r) - g.file_off, g.op_from
        from gone g
        cross join lateral unnest(g.rest) r;
end
$$;
