-- Extents, of the present and the past, whose bytes are not there. octet_length() reads only the header of a
-- compressed or out-of-line value, not the bytes.
create function thule_internal.fsck_extent_blob() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'extent_blob' as check_id, 'error' as severity, e.ino,
        format('the extent at %s%s needs bytes %s to %s of blob %s, which %s', e.file_off,
            case when e.op_to < thule_internal.present() then format(' (ended by op %s)', e.op_to) end,
            e.blob_off, e.blob_off::numeric + e.len, e.blob,
            case when b.id is null then 'does not exist' else format('has %s', octet_length(b.data)) end) as detail,
        case when e.op_to < thule_internal.present() then e.op_to else e.op_from end as op,
        'none: the bytes are lost; restore the file from a backup, write it anew or remove it' as repair
    from (
        select * from thule.extent
        union all
        select * from thule.extent_history
    ) e
    left join thule.blob b on b.id = e.blob
    where b.id is null or case when e.len between 1 and thule_internal.extent_max() and e.blob_off between 0 and thule_internal.extent_max()
        then octet_length(b.data) < e.blob_off + e.len end;
end;
