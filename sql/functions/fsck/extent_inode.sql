-- Extents of what is not a regular file, and extents past the end of the file.
create function thule_internal.fsck_extent_inode() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'extent_inode' as check_id, 'error' as severity, e.ino,
        case when i.ino is null then format('the extent at %s is of an inode that does not exist', e.file_off)
             when not thule_internal.is_file(i.mode) then format('the extent at %s is of an inode that is not a regular file', e.file_off)
             else format('the extent at %s of %s bytes ends past the size, %s', e.file_off, e.len, i.size)
        end as detail
    from thule.extent e
    left join thule.inode i on i.ino = e.ino
    where i.ino is null or not thule_internal.is_file(i.mode) or case when thule_internal.extent_possible(e.file_off, e.len)
            then e.file_off + e.len > i.size end; -- the others: thule_internal.fsck_extent_range
end;
