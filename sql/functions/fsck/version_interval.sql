-- System time of versions: one that ended began before, but where the clock was set back meanwhile; one that is present has
-- not ended. Extents have no times of their own.
create function thule_internal.fsck_version_interval() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    with version as (
        select 'inode' as rel, true as present, ino, op_from, op_to, valid_from, valid_to from thule.inode
        union all
        select 'inode', false, ino, op_from, op_to, valid_from, valid_to from thule.inode_history
        union all
        select 'dirent', true, ino, op_from, op_to, valid_from, valid_to from thule.dirent
        union all
        select 'dirent', false, ino, op_from, op_to, valid_from, valid_to from thule.dirent_history
        union all
        select 'extent', true, ino, op_from, op_to, null, null from thule.extent
        union all
        select 'extent', false, ino, op_from, op_to, null, null from thule.extent_history
        union all
        select 'xattr', true, ino, op_from, op_to, valid_from, valid_to from thule.xattr
        union all
        select 'xattr', false, ino, op_from, op_to, valid_from, valid_to from thule.xattr_history
    )
    select 'version_interval' as check_id, 'error' as severity, v.ino,
        format('%s version of table %s from op %s%s to op %s%s',
            case when v.present then 'a present' else 'an ended' end, v.rel, v.op_from, ' (' || v.valid_from || ')',
            v.op_to, ' (' || v.valid_to || ')') as detail
    from version v
    where (v.present and (v.op_to <> thule_internal.present() or v.valid_to <> 'infinity'))
        or (not v.present and (v.op_from >= v.op_to or v.op_to = thule_internal.present()))
        or (not v.present and v.valid_from > v.valid_to
            and not exists (select from thule.clock_step s where s.op > v.op_from and s.op <= v.op_to));
end;
