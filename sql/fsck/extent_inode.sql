-- Extents of what is not a regular file, and extents past the end of the file.
create function thule_internal.fsck_extent_inode() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'extent_inode' as check_id, 'error' as severity, e.ino,
        case when i.ino is null then format('the extent at %s is of an inode that does not exist', e.file_off)
             when not thule_internal.is_file(i.mode) then format('the extent at %s is of an inode that is not a regular file', e.file_off)
             else format('the extent at %s of %s bytes ends past the size, %s', e.file_off, e.len, i.size)
        end as detail, e.op_from as op,
        case when i.ino is null then 'becomes a file in lost+found'
             when not thule_internal.is_file(i.mode) then 'the extent ends, and is in the past alone'
             else 'the file grows to the end of the extent' end as repair
    from thule.extent e
    left join thule.inode i on i.ino = e.ino
    where i.ino is null or not thule_internal.is_file(i.mode) or case when thule_internal.extent_possible(e.file_off, e.len)
            then e.file_off + e.len > i.size end; -- the others: thule_internal.fsck_extent_range
end;

-- Bytes without an inode get one, those past the end are in the file from now on, and those of what is no file end.
create function thule_internal.repair_extent_inode() returns void
language plpgsql
as $$
begin
    perform thule_internal.repair_missing(array(
        select f.ino from pg_temp.repair_found f
        where f.check_id = 'extent_inode' and not exists (select from thule.inode i where i.ino = f.ino)));
    insert into pg_temp.change_inode (ino, size, content)
        select i.ino, max(case when thule_internal.is_file(i.mode) then e.file_off + e.len end), true
        from thule.inode i
        join thule.extent e on e.ino = i.ino
        where i.ino in (select f.ino from pg_temp.repair_found f where f.check_id = 'extent_inode')
            and (not thule_internal.is_file(i.mode) or e.file_off + e.len > i.size)
        group by i.ino;
    insert into pg_temp.change_cut (ino, lo, hi)
        select i.ino, 0, thule_internal.no_limit()
        from thule.inode i
        where i.ino in (select f.ino from pg_temp.repair_found f where f.check_id = 'extent_inode') and not thule_internal.is_file(i.mode);
end
$$;
