-- Versions that begin or end with an op that the log has not. Of what prune has deleted of the log nothing can be told.
-- What lacks is a handful of ranges, of which each version is not in any: that is much less than to look for the op of each.
create function thule_internal.fsck_version_op() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'version_op' as check_id, 'error' as severity, v.ino,
        format('a version of table %s %s with op %s, which the log has not', v.rel, v.what, v.op) as detail,
        null::bigint as op, 'none: what is not in the log was done by nobody known, and the log is not rewritten' as repair
    from (
        select 'inode' as rel, 'begins' as what, ino, op_from as op from thule.inode
        union all
        select 'inode', 'begins', ino, op_from from thule.inode_history
        union all
        select 'inode', 'ends', ino, op_to from thule.inode_history
        union all
        select 'dirent', 'begins', ino, op_from from thule.dirent
        union all
        select 'dirent', 'begins', ino, op_from from thule.dirent_history
        union all
        select 'dirent', 'ends', ino, op_to from thule.dirent_history
        union all
        select 'extent', 'begins', ino, op_from from thule.extent
        union all
        select 'extent', 'begins', ino, op_from from thule.extent_history
        union all
        select 'extent', 'ends', ino, op_to from thule.extent_history
        union all
        select 'xattr', 'begins', ino, op_from from thule.xattr
        union all
        select 'xattr', 'begins', ino, op_from from thule.xattr_history
        union all
        select 'xattr', 'ends', ino, op_to from thule.xattr_history
    ) v
    where v.op <@ (
        select range_agg(int8range(a.last, a.op, '()'))
        from (
            select l.op, lag(l.op) over (order by l.op) as last
            from (
                select o.op::bigint from thule.op o where o.op >= (select max(greatest(s.log_op, 1)) from thule.superblock s)
                union all
                select max(greatest(s.log_op, 1)) - 1 from thule.superblock s
                union all
                select thule_internal.present() -- what ends with none: thule_internal.fsck_version_interval
            ) l
        ) a
        where a.op - 1 > a.last);
end;
