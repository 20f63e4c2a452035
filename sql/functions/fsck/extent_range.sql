-- Extents with impossible bounds: negative, empty, longer than 128 KiB (readers look no further back than that), past the
-- end of the largest file or blob.
create function thule_internal.fsck_extent_range() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'extent_range' as check_id, 'error' as severity, e.ino,
        format('the extent at %s has %s bytes, from %s of blob %s%s', e.file_off, e.len, e.blob_off, e.blob,
            case when e.op_to < thule_internal.present() then format(' (ended by op %s)', e.op_to) end) as detail
    from (
        select * from thule.extent
        union all
        select * from thule.extent_history
    ) e
    where case when e.len between 1 and thule_internal.extent_max()
        then not thule_internal.extent_possible(e.file_off, e.len) or e.blob < 1 or e.blob_off not between 0 and thule_internal.extent_max() - e.len
        else true end;
end;
