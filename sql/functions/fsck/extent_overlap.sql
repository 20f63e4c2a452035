-- Extents of one file that overlap.
create function thule_internal.fsck_extent_overlap() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'extent_overlap' as check_id, 'error' as severity, e.ino,
        format('the extent at %s of %s bytes overlaps the one at %s', e.file_off, e.len, e.next) as detail
    from (
        select x.ino, x.file_off, x.len,
            lead(x.file_off) over (partition by x.ino order by x.file_off) as next
        from thule.extent x
    ) e
    where case when thule_internal.extent_possible(e.file_off, e.len)
        then e.file_off + e.len > e.next end; -- the others: thule_internal.fsck_extent_range
end;
