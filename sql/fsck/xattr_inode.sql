-- Extended attributes of inodes that do not exist.
create function thule_internal.fsck_xattr_inode() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'xattr_inode' as check_id, 'error' as severity, x.ino,
        format('attribute %s is of an inode that does not exist', thule.escape_name(x.name)) as detail,
        x.op_from as op, 'becomes an attribute of a file in lost+found' as repair
    from thule.xattr x
    where not exists (select from thule.inode i where i.ino = x.ino);
end;

-- They get an inode: see thule_internal.repair_missing.
create function thule_internal.repair_xattr_inode() returns void
language plpgsql
as $$
begin
    perform thule_internal.repair_missing(array(select f.ino from pg_temp.repair_found f where f.check_id = 'xattr_inode'));
end
$$;
