-- Plans what extended attributes go back to when the ops of pg_temp.undo_op are undone. After thule_internal.undo_inodes, which
-- looks after the access list.
-- Parameters: force, see thule_internal.undo_plan.
-- Returns: nothing; adds to pg_temp.change_xattr and change_note.
-- Tables touched: xattr, xattr_history, inode_history, op, op_kind (read).
-- An attribute of a name has a history of its own: the ops that set it or took it away. If the last of them is undone, it goes
-- back to what it was after the last one that is not. That an inode went and came back changes an attribute only if
-- it is another one then.
create function thule_internal.undo_xattrs(force boolean) returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.undo_xattr_event, pg_temp.undo_xattr;
    create temp table undo_xattr_event on commit drop as
        with version as materialized (
            select x.*, lead(x.op_from) over (partition by x.ino, x.name order by x.op_from) as next
            from (select distinct v.ino from pg_temp.undo_version v) f
            cross join lateral (
                select a.* from thule.xattr a where a.ino = f.ino
                union all
                select h.* from thule.xattr_history h where h.ino = f.ino
            ) x
            where x.name <> 'system.posix_acl_access'
        ), event as (
            select v.ino, v.name, v.op_from as op, v.value from version v
            union all
            -- Without it from the next version of the inode on; what an inode had when it went counts as present.
            select v.ino, v.name, i.op_from, null
            from version v
            cross join lateral (
                select min(n.op_from) as op_from from pg_temp.undo_version n where n.ino = v.ino and n.op_from >= v.op_to
            ) i
            where v.op_to < thule_internal.present() and i.op_from is not null and i.op_from is distinct from v.next
        )
        select e.ino, e.name, e.op, e.value, u.op is not null as own, u.op is not null as mine
        from (
            select v.*, lag(v.value) over (partition by v.ino, v.name order by v.op) as before from event v
        ) e
        left join thule.op o on o.op = e.op
        left join pg_temp.undo_op u on u.op = e.op
        where e.value is distinct from e.before or (o.kind = any (array(select k.id from thule.op_kind k where k.changes_xattr)) and o.name = e.name);
    create index on undo_xattr_event (ino, name, op);
    analyze undo_xattr_event;
    update pg_temp.undo_xattr_event e set mine = true
        where not e.mine and (exists (select from pg_temp.undo_back b where b.op = e.op)
            or exists (select from pg_temp.undo_ended d where d.op = e.op and d.ino = e.ino)
            or exists (select from pg_temp.undo_moot m
                join pg_temp.undo_back b on b.request = m.request
                join pg_temp.undo_xattr_event d on d.op = b.op and d.ino = e.ino and d.name = e.name
                where m.op = e.op));

    -- One row for each that was changed: kept is the last change that stays, 0 if there is none.
    create temp table undo_xattr on commit drop as
        select e.ino, e.name, e.first_mine, e.kept, e.kept > e.last_own as stands, t.value, n.value as value_now
        from (
            select v.ino, v.name, coalesce(max(v.op) filter (where not v.mine), 0) as kept,
                min(v.op) filter (where v.mine) as first_mine, max(v.op) filter (where v.own) as last_own
            from pg_temp.undo_xattr_event v
            group by v.ino, v.name
            having bool_or(v.own)
        ) e
        left join lateral (
            select v.value
            from pg_temp.undo_xattr_event v
            where v.ino = e.ino and v.name = e.name
                and case when e.kept > e.last_own then v.op < e.first_mine else v.op <= e.kept end
            order by v.op desc limit 1
        ) t on true
        cross join lateral (
            select v.value from pg_temp.undo_xattr_event v where v.ino = e.ino and v.name = e.name order by v.op desc limit 1
        ) n;

    insert into pg_temp.change_note (action, ino, detail, op, "by")
        select 'xattr', a.ino, format('%s was changed later', thule.escape_name(a.name)), a.first_mine, a.kept
        from pg_temp.undo_xattr a
        where not force and a.stands and a.value is distinct from a.value_now;
    insert into pg_temp.change_xattr (ino, name, value, undone)
        select a.ino, a.name, a.value, a.first_mine
        from pg_temp.undo_xattr a
        where (force or not a.stands) and a.value is distinct from a.value_now;
end
$$;
