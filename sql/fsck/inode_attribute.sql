-- Attributes that no file can have, of the present and the past: an unknown type, what is negative or too large, a symbolic
-- link without a target or with one that is too long or has a zero byte, a target of anything else. And links whose size
-- is not their target's.
create function thule_internal.fsck_inode_attribute() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
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
                then format('a target that cannot be, of %s bytes', octet_length(i.target)) end) as detail,
        i.op, case when i.op_to < thule_internal.present() then 'none: the past is not rewritten; `thule prune --keep 0s PATH` deletes it'
            when i.ino not between 1 and 1099511627775 then 'none: nothing can be told of it; delete the row by SQL'
            when thule_internal.is_symlink(i.mode)
                and (coalesce(octet_length(i.target), 0) not between 1 and 4095 or position('\x00'::bytea in i.target) > 0)
                then 'none: where it led is lost; remove the link, or restore it from a backup'
            else 'gets values that can be' end as repair
    from (
        select ino, mode, nlink, uid, gid, rdev, size, allocated, xattrs, project, target, op_to, op_from as op from thule.inode
        union all
        select ino, mode, nlink, uid, gid, rdev, size, allocated, xattrs, project, target, op_to, op_to from thule.inode_history
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

-- In place, as a version of the past must not have such values. A kind is guessed by what there is: names in it, a target. An owner that cannot be is
-- nobody, and has no set-id bits.
create function thule_internal.repair_inode_attribute() returns void
language plpgsql
as $$
begin
    update thule.inode i set
        mode = case when thule.mode_kind(i.mode) is not null and i.mode between 0 and 65535 then i.mode
            else case k.kind when 'directory' then 16832 when 'symlink' then 41471 else 33152 end
                | case when i.mode between 0 and 65535 then i.mode & 511 else 0 end end
            & case when i.uid between 0 and 4294967294 and i.gid between 0 and 4294967294 then -1 else ~thule_internal.set_id_bits(i.mode) end,
        nlink = greatest(i.nlink, 0), xattrs = greatest(i.xattrs, 0),
        uid = case when i.uid between 0 and 4294967294 then i.uid else 65534 end,
        gid = case when i.gid between 0 and 4294967294 then i.gid else 65534 end,
        rdev = case when i.rdev between 0 and 4294967295 then i.rdev else 0 end,
        project = case when i.project between 0 and 4294967295 then i.project else 0 end,
        size = case when k.kind = 'symlink' then octet_length(i.target)
            when i.size between 0 and 9223372036854771712 then i.size
            when k.kind = 'directory' then 4096 else coalesce(b.bytes, 0) end,
        allocated = case when i.allocated between 0 and 9223372036854771712 then i.allocated
            when k.kind = 'directory' then 4096 else coalesce(b.allocated, 0) end,
        target = case when k.kind = 'symlink' then i.target end
    from (
        select n.ino, case when thule.mode_kind(n.mode) is not null and n.mode between 0 and 65535 then thule.mode_kind(n.mode)
            when exists (select from thule.dirent d where d.parent = n.ino) then 'directory'
            when n.target is not null then 'symlink' else 'file' end as kind
        from thule.inode n
        where n.ino in (select f.ino from pg_temp.repair_found f where f.check_id = 'inode_attribute' and f.repair not like 'none:%')
    ) k
    left join lateral (
        select max(e.file_off + e.len) as bytes, sum(e.len)::bigint as allocated
        from thule.extent e
        where e.ino = k.ino and thule_internal.extent_possible(e.file_off, e.len)
    ) b on true
    where i.ino = k.ino;
    insert into pg_temp.repair_inode (ino)
        select distinct f.ino from pg_temp.repair_found f where f.check_id = 'inode_attribute' and f.repair not like 'none:%' on conflict do nothing;
end
$$;
