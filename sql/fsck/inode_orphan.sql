-- Inodes without a name. With nlink 0 they are files that were open when their last name went; the next mount
-- clears up what a crash left of them, so they are a violation only while nothing is mounted.
create function thule_internal.fsck_inode_orphan() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'inode_orphan' as check_id,
        case when i.nlink = 0 then 'warning' else 'error' end as severity,
        i.ino,
        case when i.nlink = 0 then 'no name and nlink 0, and no mount that may have it open'
             else format('nlink is %s, but no name leads to it', i.nlink) end as detail,
        i.op_from as op, case when i.nlink = 0 then 'goes, as at the last close' else 'moved to lost+found' end as repair
    from thule.inode i
    where i.ino <> 1
        and not exists (select from thule.dirent d where d.ino = i.ino)
        and (i.nlink <> 0 or not exists (select from thule.mount m where m.ended_at is null));
end;

-- What has links gets a name; what has none goes, since nothing is mounted that may have it open.
create function thule_internal.repair_inode_orphan() returns void
language plpgsql
as $$
begin
    perform thule_internal.repair_save(f.ino)
        from (select distinct o.ino from pg_temp.repair_found o where o.check_id = 'inode_orphan' and o.severity = 'error') f;
    insert into pg_temp.repair_inode (ino)
        select f.ino from pg_temp.repair_found f where f.check_id = 'inode_orphan' and f.severity = 'warning' on conflict do nothing;
    -- The kernel may know it by a name that the log has, and whose row is gone.
    insert into pg_temp.touched (parent, name)
        select distinct n.parent, n.name
        from pg_temp.repair_found f
        join thule.op o on o.ino = f.ino
        cross join lateral (values (o.parent, o.name), (o.new_parent, o.new_name)) n (parent, name)
        where f.check_id = 'inode_orphan' and n.parent is not null;
end
$$;
