-- Extents with impossible bounds: negative, empty, longer than 128 KiB (readers look no further back than that), past the
-- end of the largest file or blob.
create function thule_internal.fsck_extent_range() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'extent_range' as check_id, 'error' as severity, e.ino,
        format('the extent at %s has %s bytes, from %s of blob %s%s', e.file_off, e.len, e.blob_off, e.blob,
            case when e.op_to < thule_internal.present() then format(' (ended by op %s)', e.op_to) end) as detail,
        case when e.op_to < thule_internal.present() then e.op_to else e.op_from end as op,
        case when e.op_to < thule_internal.present() then 'none: the past is not rewritten; `thule prune --keep 0s PATH` deletes it'
            else 'the extent goes; bytes that nothing else has become a file in lost+found' end as repair
    from (
        select * from thule.extent
        union all
        select * from thule.extent_history
    ) e
    where case when e.len between 1 and thule_internal.extent_max()
        then not thule_internal.extent_possible(e.file_off, e.len) or e.blob < 1 or e.blob_off not between 0 and thule_internal.extent_max() - e.len
        else true end;
end;

-- In place, as the past must not have such rows. Blobs that nothing refers to any more: thule_internal.repair_blob_unused.
create function thule_internal.repair_extent_range() returns void
language plpgsql
as $$
begin
    with gone as (
        delete from thule.extent e
        where case when e.len between 1 and thule_internal.extent_max()
            then not thule_internal.extent_possible(e.file_off, e.len) or e.blob < 1
                or e.blob_off not between 0 and thule_internal.extent_max() - e.len
            else true end
        returning e.ino
    )
    insert into pg_temp.repair_inode (ino) select distinct g.ino from gone g on conflict do nothing;
end
$$;
