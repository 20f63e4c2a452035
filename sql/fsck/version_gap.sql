-- Inodes of which a version lacks: each one begins where the one before ended, or with the op that makes the inode: its own, or the rename that
-- leaves a whiteout. Other gaps are what prune, erase and a repair have noted. Names, attributes and bytes come and go, so theirs tell nothing.
create function thule_internal.fsck_version_gap() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'version_gap' as check_id, 'error' as severity, v.ino,
        format('the inode''s version from op %s begins %s, and that op makes none', v.op_from,
            case when v.last_to is null then 'it all' else format('after the one before ended at op %s', v.last_to) end) as detail,
        v.op_from as op, 'noted: what it was before that is not known' as repair
    from (
        select i.ino, i.op_from, lag(i.op_to) over (partition by i.ino order by i.op_from, i.op_to) as last_to
        from (
            select ino, op_from, op_to from thule.inode
            union all
            select ino, op_from, op_to from thule.inode_history
        ) i
    ) v
    left join thule.pruned_inode p on p.ino = v.ino
    where (v.last_to is null or v.last_to < v.op_from)
        and v.op_from > coalesce(p.op, 0)
        and v.op_from > (select max(s.pruned_op) from thule.superblock s)
        -- An op that is not there at all: thule_internal.fsck_version_op.
        and exists (
            select from thule.op o join thule.op_kind k on k.id = o.kind
            where o.op = v.op_from and not (o.ino = v.ino and (k.makes_inode or k.name = 'mkfs'))
                and not (k.replaces and o.ino <> v.ino and (
                    exists (select from thule.dirent d where d.ino = v.ino and d.op_from = o.op and d.parent = o.parent and d.name = o.name)
                    or exists (select from thule.dirent_history d where d.ino = v.ino and d.op_from = o.op and d.parent = o.parent
                        and d.name = o.name))));
end;

-- What the inode was before is said not to be known, as of one whose past was pruned.
create function thule_internal.repair_version_gap() returns void
language plpgsql
as $$
begin
    insert into thule.pruned_inode as p (ino, op)
        select f.ino, max(f.op) from pg_temp.repair_found f where f.check_id = 'version_gap' group by f.ino
        on conflict (ino) do update set op = greatest(p.op, excluded.op);
end
$$;
