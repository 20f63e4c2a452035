-- The last op of a mount that a batch has brought here.
-- Parameters: mount. Returns: op, 0 when there is none; null when there is no such mount.
-- Tables touched: mount, superblock (read).
-- The mount that wrote last has it in the superblock, which each batch updates anyway (apply_mark), the others in their own rows.
create function thule_internal.applied_op(mount bigint) returns bigint
language sql stable parallel safe
begin atomic
    select greatest(m.last_op, (select s.mount_op from thule.superblock s where s.mount = m.id order by s.next_op desc limit 1))
    from thule.mount m
    where m.id = applied_op.mount;
end;
