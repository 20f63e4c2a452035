-- Names of inodes that do not exist, and names in what is not a directory.
create function thule_internal.fsck_dirent_dangling() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'dirent_dangling' as check_id, 'error' as severity, d.ino,
        format('name %s in directory %s is of an inode that does not exist', thule.escape_name(d.name), d.parent)
            as detail, d.op_from as op,
        'the name goes, unless there are bytes, or there was an inode, of that number: then it becomes a file again' as repair
    from thule.dirent d
    where not exists (select from thule.inode i where i.ino = d.ino)
    union all
    select 'dirent_dangling', 'error', d.ino,
        format('name %s is in inode %s, which %s', thule.escape_name(d.name), d.parent,
            case when p.ino is null then 'does not exist' else 'is not a directory' end),
        d.op_from, case when p.ino is null then 'the directory is made again, in lost+found' else 'the name is moved to lost+found' end
    from thule.dirent d
    left join thule.inode p on p.ino = d.parent
    where p.ino is null or not thule_internal.is_directory(p.mode);
end;

-- What is known of an inode that lacks is made again, names of others go, in place; what is in a file is moved by an op.
create function thule_internal.repair_dirent_dangling() returns void
language plpgsql
as $$
begin
    perform thule_internal.repair_missing(array(
        select v.ino from thule.dirent d cross join lateral (values (d.ino), (d.parent)) v (ino)
        where not exists (select from thule.inode i where i.ino = v.ino)));
    with gone as (
        delete from thule.dirent d where not exists (select from thule.inode i where i.ino = d.ino)
        returning d.parent, d.name, d.ino
    ), noted as (
        insert into pg_temp.touched (parent, name) select g.parent, g.name from gone g
    ), unknown as (
        insert into thule.pruned_inode as p (ino, op)
            select distinct g.ino, (select max(o.op) from thule.op o) from gone g
            on conflict (ino) do update set op = greatest(p.op, excluded.op)
    )
    insert into pg_temp.repair_inode (ino) select distinct g.parent from gone g on conflict do nothing;
    perform thule_internal.repair_save(d.ino, d.parent, d.name)
        from thule.dirent d
        join thule.inode p on p.ino = d.parent and not thule_internal.is_directory(p.mode);
end
$$;
