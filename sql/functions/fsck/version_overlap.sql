-- Versions of one row that were true at the same time, by op. Of extents, whose rows are cut: fsck_extent_version.
create function thule_internal.fsck_version_overlap() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'version_overlap' as check_id, 'error' as severity, v.ino,
        format('the inode''s version from op %s to %s overlaps the one from op %s', v.op_from, v.op_to, v.next) as detail
    from (
        select i.ino, i.op_from, i.op_to, lead(i.op_from) over (partition by i.ino order by i.op_from, i.op_to) as next
        from (
            select ino, op_from, op_to from thule.inode
            union all
            select ino, op_from, op_to from thule.inode_history
        ) i
    ) v
    where v.op_to > v.next
    union all
    select 'version_overlap', 'error', v.ino,
        format('name %s in directory %s: the version from op %s to %s overlaps the one from op %s',
            thule.escape_name(v.name), v.parent, v.op_from, v.op_to, v.next)
    from (
        select d.parent, d.name, d.ino, d.op_from, d.op_to,
            lead(d.op_from) over (partition by d.parent, d.name order by d.op_from, d.op_to) as next
        from (
            select parent, name, ino, op_from, op_to from thule.dirent
            union all
            select parent, name, ino, op_from, op_to from thule.dirent_history
        ) d
    ) v
    where v.op_to > v.next
    union all
    select 'version_overlap', 'error', v.ino,
        format('attribute %s: the version from op %s to %s overlaps the one from op %s',
            thule.escape_name(v.name), v.op_from, v.op_to, v.next)
    from (
        select x.ino, x.name, x.op_from, x.op_to,
            lead(x.op_from) over (partition by x.ino, x.name order by x.op_from, x.op_to) as next
        from (
            select ino, name, op_from, op_to from thule.xattr
            union all
            select ino, name, op_from, op_to from thule.xattr_history
        ) x
    ) v
    where v.op_to > v.next;
end;
