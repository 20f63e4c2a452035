-- Plans what mtime directories go back to when the ops of pg_temp.undo_op are undone. After thule_internal.undo_inodes.
-- Parameters: force, see thule_internal.undo_plan.
-- Returns: nothing; adds to pg_temp.change_inode.
-- Tables touched: inode, inode_history, dirent, dirent_history, op, op_kind (read).
-- The mtime is that of the last op that stays, of those that changed the entries or the time itself.
create function thule_internal.undo_directories(force boolean) returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.undo_dir, pg_temp.undo_dir_event;
    create temp table undo_dir on commit drop as
        select distinct d.ino
        from (
            select u.parent as ino from pg_temp.undo_op u where u.parent is not null
            union
            select u.new_parent from pg_temp.undo_op u where u.new_parent is not null
            union
            select u.ino from pg_temp.undo_op u where u.kind = any (array(select k.id from thule.op_kind k where k.sets_times))
        ) d
        join pg_temp.undo_live l on l.ino = d.ino
        cross join lateral (
            select i.mode from thule.inode i where i.ino = d.ino
            union all
            (select h.mode from thule.inode_history h where h.ino = d.ino limit 1)
        ) m
        where thule_internal.is_directory(m.mode)
            -- Where names stay that should go back, the directory has changed.
            and not exists (select from pg_temp.change_name n where not n.active and d.ino in (n.from_parent, n.to_parent)
                and not exists (select from thule.dirent e
                    where e.parent = n.to_parent and e.name = n.to_name and e.ino = n.ino));
    analyze undo_dir;

    create temp table undo_dir_event on commit drop as
        select x.ino, x.op, u.op is not null as own, u.op is not null as mine
        from (
            select d.ino, e.op_from as op from pg_temp.undo_dir d join thule.dirent e on e.parent = d.ino
            union
            select d.ino, h.op_from from pg_temp.undo_dir d join thule.dirent_history h on h.parent = d.ino
            union
            select d.ino, h.op_to from pg_temp.undo_dir d join thule.dirent_history h on h.parent = d.ino
            union
            select d.ino, p.op
            from pg_temp.undo_dir d
            join thule.op p on p.ino = d.ino and p.kind = any (array(select k.id from thule.op_kind k where k.makes_inode or k.sets_times))
        ) x
        left join pg_temp.undo_op u on u.op = x.op;
    create index on undo_dir_event (ino);
    analyze undo_dir_event;
    update pg_temp.undo_dir_event e set mine = true
        where not e.mine and (exists (select from pg_temp.undo_back b where b.op = e.op)
            -- But for names that an undo had to leave. Those that an undo has given may be as they were by now.
            or exists (select from pg_temp.undo_moot m join thule.op o on o.op = m.op
                where m.op = e.op and (o.tag ~ '^(undo|restore):'
                    or not exists (select from thule.dirent d where d.parent = e.ino and d.op_from = e.op))));

    insert into pg_temp.change_inode as c (ino, mtime_ns, undone)
        select t.ino, m.mtime_ns, t.undone
        from (
            select e.ino, e.kept, min(e2.op) as undone
            from (
                select x.ino, max(x.op) filter (where not x.mine) as kept
                from pg_temp.undo_dir_event x
                group by x.ino
                having bool_or(x.own)
            ) e
            join pg_temp.undo_dir_event e2 on e2.ino = e.ino and e2.op > e.kept
            group by e.ino, e.kept
        ) t
        join lateral (
            select i.mtime_ns from thule.inode i where i.ino = t.ino and i.op_from <= t.kept
            union all
            select h.mtime_ns from thule.inode_history h where h.ino = t.ino and h.op_from <= t.kept and h.op_to > t.kept
        ) m on true
        join lateral (
            select i.mtime_ns from thule.inode i where i.ino = t.ino
            union all
            (select h.mtime_ns from thule.inode_history h where h.ino = t.ino order by h.op_to desc limit 1)
            limit 1
        ) n on n.mtime_ns <> m.mtime_ns
    on conflict (ino) do update set mtime_ns = excluded.mtime_ns;
end
$$;
