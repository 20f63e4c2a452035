-- Attributes that no file can have, of the present and the past: an unknown type, what is negative or too large, a symbolic
-- link without a target or with one that is too long or has a zero byte, a target of anything else. And links whose size
-- is not their target's.
create function thule_internal.fsck_inode_attribute() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'inode_attribute' as check_id, 'error' as severity, i.ino,
        concat_ws(', ',
            case when i.op_to < thule_internal.present() then format('ended by op %s', i.op_to) end,
            case when i.ino not between 1 and 1099511627775 then 'a number that no inode can have' end,
            case when thule.mode_kind(i.mode) is null or i.mode not between 0 and 65535
                then format('mode %s is of no known type', to_hex(i.mode)) end,
            case when i.nlink < 0 then format('nlink %s', i.nlink) end,
            case when i.uid not between 0 and 4294967294 then format('uid %s', i.uid) end,
            case when i.gid not between 0 and 4294967294 then format('gid %s', i.gid) end,
            case when i.rdev not between 0 and 4294967295 then format('rdev %s', i.rdev) end,
            case when i.size not between 0 and 9223372036854771712 then format('size %s', i.size) end,
            case when i.allocated not between 0 and 9223372036854771712 then format('allocated %s', i.allocated) end,
            case when i.xattrs < 0 then format('%s extended attributes', i.xattrs) end,
            case when i.project not between 0 and 4294967295 then format('project %s', i.project) end,
            case when not thule_internal.is_symlink(i.mode) and i.target is not null then 'a target of what is not a symbolic link' end,
            case when thule_internal.is_symlink(i.mode) and i.size is distinct from octet_length(i.target)
                then format('a symbolic link of size %s with a target of %s bytes', i.size,
                    coalesce(octet_length(i.target), 0)) end,
            case when octet_length(i.target) not between 1 and 4095 or position('\x00'::bytea in i.target) > 0
                then format('a target that cannot be, of %s bytes', octet_length(i.target)) end) as detail
    from (
        select ino, mode, nlink, uid, gid, rdev, size, allocated, xattrs, project, target, op_to from thule.inode
        union all
        select ino, mode, nlink, uid, gid, rdev, size, allocated, xattrs, project, target, op_to from thule.inode_history
    ) i
    where i.ino not between 1 and 1099511627775
        or thule.mode_kind(i.mode) is null or i.mode not between 0 and 65535
        or i.nlink < 0 or i.xattrs < 0
        or i.uid not between 0 and 4294967294 or i.gid not between 0 and 4294967294
        or i.rdev not between 0 and 4294967295 or i.project not between 0 and 4294967295
        or i.size not between 0 and 9223372036854771712 or i.allocated not between 0 and 9223372036854771712
        or case when thule_internal.is_symlink(i.mode)
            then i.size is distinct from octet_length(i.target) or octet_length(i.target) not between 1 and 4095
                or position('\x00'::bytea in i.target) > 0
            else i.target is not null end;
end;
