-- Attributes that contradict each other: an unknown type, a negative size, a symbolic link without a target or
-- whose size is not its target's.
create view thule.fsck_inode_attribute as
select 'inode_attribute' as check_id, 'error' as severity, i.ino,
    case when thule.mode_kind(i.mode) is null then format('mode %s is of no known type', to_hex(i.mode))
         when i.size < 0 or i.allocated < 0 or i.nlink < 0
             then format('size %s, allocated %s, nlink %s: negative', i.size, i.allocated, i.nlink)
         else format('a symbolic link of size %s with a target of %s bytes', i.size,
             coalesce(octet_length(i.target), 0)) end as detail
from thule.inode i
where thule.mode_kind(i.mode) is null
    or i.size < 0 or i.allocated < 0 or i.nlink < 0
    or (i.mode & 61440 = 40960 and i.size is distinct from octet_length(i.target));
