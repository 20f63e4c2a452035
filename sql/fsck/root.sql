-- The root is inode 1, a directory, and has no name.
create function thule_internal.fsck_root() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'root' as check_id, 'error' as severity, 1::bigint as ino, 'there is no inode 1' as detail,
        null::bigint as op, 'becomes a directory again' as repair
    where not exists (select from thule.inode i where i.ino = 1)
    union all
    select 'root', 'error', i.ino, format('the root is not a directory: mode is %s', to_hex(i.mode)), i.op_from, 'becomes a directory'
    from thule.inode i
    where i.ino = 1 and not thule_internal.is_directory(i.mode)
    union all
    select 'root', 'error', d.ino, format('the root has a name: %s in inode %s', thule.escape_name(d.name), d.parent), d.op_from, 'the name goes'
    from thule.dirent d
    where d.ino = 1;
end;

-- In place, and names of it go by ops. One that lacks: thule_internal.repair_missing.
create function thule_internal.repair_root() returns void
language plpgsql
as $$
begin
    perform thule_internal.repair_missing(array[1]);
    update thule.inode i set mode = 16832 | thule_internal.permission_bits(i.mode), size = 4096, target = null
        where i.ino = 1 and not thule_internal.is_directory(i.mode);
    insert into pg_temp.change_name (ino, from_parent, from_name)
        select 1, d.parent, d.name from thule.dirent d where d.ino = 1;
    insert into pg_temp.repair_inode (ino) values (1) on conflict do nothing;
end
$$;
