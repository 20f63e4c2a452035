-- Plans what attributes inodes go back to when the ops of pg_temp.undo_op are undone. After thule_internal.undo_conflicts.
-- Parameters: force, see thule_internal.undo_plan.
-- Returns: nothing; adds to pg_temp.change_inode, change_xattr and change_note; fills pg_temp.undo_file (ino, first_mine)
--   with the regular files whose content the ops changed, pg_temp.undo_gap (ino, died, back), when inodes were gone,
--   and pg_temp.undo_ended (ino, op), for thule_internal.undo_content and undo_xattrs.
-- Tables touched: inode, inode_history, xattr, xattr_history, dirent, dirent_history, op, op_kind (read).
-- Mode, owner, group, size, atime, mtime and flags each have a history of their own: the versions at which the value changed.
-- If the last of them was made by what is undone, the value goes back to that of the last one that was not. The access list
-- (acl(5)) belongs to the mode, whose bits say the same: both go back, or neither.
create function thule_internal.undo_inodes(force boolean) returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.undo_change;
    -- Inodes that are there in the end: those that are there and keep a name, and those that come back.
    insert into pg_temp.undo_live (ino, comes_back)
        with candidate as (
            select u.ino from pg_temp.undo_op u
            union
            select c.ino from pg_temp.change_name c where c.active
            union
            select c.to_parent from pg_temp.change_name c where c.active and c.to_parent is not null
            union
            select c.from_parent from pg_temp.change_name c where c.active and c.from_parent is not null
            union
            select u.parent from pg_temp.undo_op u where u.parent is not null
            union
            select u.new_parent from pg_temp.undo_op u where u.new_parent is not null
        )
        select c.ino, (i.ino is null) as comes_back
        from candidate c
        left join thule.inode i on i.ino = c.ino
        where c.ino = 1
            or exists (select from pg_temp.change_name n where n.ino = c.ino and n.active and n.to_parent is not null)
            or exists (select from thule.dirent d where d.ino = c.ino
                and not exists (select from pg_temp.change_name n
                    where n.active and n.from_parent = d.parent and n.from_name = d.name));
    alter table pg_temp.undo_live add primary key (ino);
    analyze undo_live;

    insert into pg_temp.undo_version (ino, op_from, op_to, mode, uid, gid, size, atime_ns, mtime_ns, flags, acl, is_mode, is_uid,
            is_gid, is_size, is_atime, is_mtime, is_flags, own)
        select v.ino, v.op_from, v.op_to, v.mode, v.uid, v.gid, v.size, v.atime_ns, v.mtime_ns, v.flags, l.value as acl,
            lag(v.mode) over w is distinct from v.mode or k.sets_mode
                or lag(l.value) over w is distinct from l.value
                or (k.changes_xattr and o.name = 'system.posix_acl_access') as is_mode,
            lag(v.uid) over w is distinct from v.uid as is_uid,
            lag(v.gid) over w is distinct from v.gid as is_gid,
            lag(v.size) over w is distinct from v.size or (k.to_end and coalesce(o.tag, '') !~ '^(undo|restore):') as is_size,
            lag(v.atime_ns) over w is distinct from v.atime_ns as is_atime,
            lag(v.mtime_ns) over w is distinct from v.mtime_ns and not thule_internal.is_directory(v.mode) as is_mtime,
            lag(v.flags) over w is distinct from v.flags or k.sets_flags as is_flags,
            u.op is not null as own
        from (
            select distinct o.ino
            from pg_temp.undo_op o
            join pg_temp.undo_live l on l.ino = o.ino
            where o.kind = any (array(select k.id from thule.op_kind k where k.makes_inode or k.changes_bytes or k.changes_attributes))
        ) j
        cross join lateral (
            select * from thule.inode i where i.ino = j.ino
            union all
            select * from thule.inode_history i where i.ino = j.ino
        ) v
        left join lateral (
            select x.value from thule.xattr x
            where v.xattrs > 0 and x.ino = v.ino and x.name = 'system.posix_acl_access' and x.op_from <= v.op_from
            union all
            select h.value from thule.xattr_history h
            where v.xattrs > 0 and h.ino = v.ino and h.name = 'system.posix_acl_access' and h.op_from <= v.op_from
                and h.op_to > v.op_from
        ) l on true
        left join thule.op o on o.op = v.op_from
        left join thule.op_kind k on k.id = o.kind
        left join pg_temp.undo_op u on u.op = v.op_from
        window w as (partition by v.ino order by v.op_from);
    -- What began with what is undone has nothing to go back to: it goes as a whole, or stays as it is. It began once: what went and
    -- was brought back by an undo or a restore has what it was before that to go back to.
    delete from pg_temp.undo_version v
    using (
        select distinct on (b.ino) b.ino, b.own from pg_temp.undo_version b order by b.ino, b.op_from
    ) first
    where first.ino = v.ino and first.own;
    create index on undo_version (ino, op_from);
    analyze undo_version;
    insert into pg_temp.undo_gap (ino, died, back)
        select v.ino, v.op_to as died, v.next as back
        from (
            select w.ino, w.op_to, lead(w.op_from) over (partition by w.ino order by w.op_from) as next from pg_temp.undo_version w
        ) v
        where v.next > v.op_to;
    -- What an undo that stands has taken back by removing the inode, all at once.
    insert into pg_temp.undo_ended (ino, op)
        select distinct v.ino, m.op
        from pg_temp.undo_version v
        join pg_temp.undo_back b on b.op = v.op_to
        join pg_temp.undo_moot m on m.request = b.request
        where not exists (select from pg_temp.undo_version w where w.ino = v.ino and w.op_from = v.op_to);
    create index on undo_ended (op, ino);
    analyze undo_ended;

    create temp table undo_change on commit drop as
        select v.ino, a.attr, v.op_from, v.own, v.own as mine
        from pg_temp.undo_version v
        cross join lateral (values ('mode', v.is_mode), ('uid', v.is_uid), ('gid', v.is_gid), ('size', v.is_size),
            ('atime', v.is_atime), ('mtime', v.is_mtime), ('flags', v.is_flags)) a (attr, changed)
        where a.changed;
    create index on undo_change (ino, attr);
    create index on undo_change (op_from);
    analyze undo_change;
    update pg_temp.undo_change e set mine = true
        where not e.mine and (exists (select from pg_temp.undo_back b where b.op = e.op_from)
            or exists (select from pg_temp.undo_moot m
                join pg_temp.undo_back b on b.request = m.request
                join pg_temp.undo_change d on d.op_from = b.op and d.ino = e.ino and d.attr = e.attr
                where m.op = e.op_from)
            or exists (select from pg_temp.undo_ended d where d.op = e.op_from and d.ino = e.ino)
            -- A time that somebody else had set later was not set back.
            or (e.attr in ('atime', 'mtime') and exists (select from pg_temp.undo_moot m
                join pg_temp.undo_back b on b.request = m.request
                join pg_temp.undo_version d on d.op_from = b.op and d.ino = e.ino
                where m.op = e.op_from)));

    -- One row per attribute that was changed: kept is the last version that stays, 0 if there is none.
    insert into pg_temp.undo_attr (ino, attr, value, acl, first_mine, kept, stands, value_now, acl_now, differs, back_until)
        select e.ino, e.attr, t.value, t.acl, e.first_mine, e.kept, e.kept > e.last_own as stands,
            n.value as value_now, n.acl as acl_now, (n.value, n.acl) is distinct from (t.value, t.acl) as differs,
            t.op_to as back_until
        from (
            select v.ino, v.attr, coalesce(max(v.op_from) filter (where not v.mine), 0) as kept,
                min(v.op_from) filter (where v.mine) as first_mine, max(v.op_from) filter (where v.own) as last_own
            from pg_temp.undo_change v
            group by v.ino, v.attr
            having bool_or(v.own)
        ) e
        cross join lateral (
            select w.value, w.acl, v.op_to
            from pg_temp.undo_version v
            cross join lateral (values ('mode', v.mode::bigint, v.acl), ('uid', v.uid, null), ('gid', v.gid, null),
                ('size', v.size, null), ('atime', v.atime_ns, null), ('mtime', v.mtime_ns, null),
                ('flags', v.flags, null)) w (attr, value, acl)
            where v.ino = e.ino and w.attr = e.attr
                and case when e.kept > e.last_own then v.op_from < e.first_mine else v.op_from <= e.kept end
            order by v.op_from desc limit 1
        ) t
        cross join lateral (
            select w.value, w.acl
            from pg_temp.undo_version v
            cross join lateral (values ('mode', v.mode::bigint, v.acl), ('uid', v.uid, null), ('gid', v.gid, null),
                ('size', v.size, null), ('atime', v.atime_ns, null), ('mtime', v.mtime_ns, null),
                ('flags', v.flags, null)) w (attr, value, acl)
            where v.ino = e.ino and w.attr = e.attr
            order by v.op_from desc limit 1
        ) n;
    create index on undo_attr (ino, attr);
    analyze undo_attr;

    insert into pg_temp.change_note (action, ino, detail, op, "by")
        select case when a.attr in ('mode', 'flags') then a.attr else 'owner' end, a.ino,
            format('%s was changed later', case a.attr when 'uid' then 'owner' when 'gid' then 'group' else a.attr end),
            a.first_mine, a.kept
        from pg_temp.undo_attr a
        where not force and a.stands and a.differs and a.attr in ('mode', 'uid', 'gid', 'flags');
    -- Nothing but the times of a file would go back: they are what the last change of it says.
    insert into pg_temp.change_inode (ino, mode, uid, gid, atime_ns, mtime_ns, flags, undone)
        select a.ino, max(a.value) filter (where a.attr = 'mode'), max(a.value) filter (where a.attr = 'uid'),
            max(a.value) filter (where a.attr = 'gid'), max(a.value) filter (where a.attr = 'atime'),
            max(a.value) filter (where a.attr = 'mtime'), max(a.value) filter (where a.attr = 'flags'), min(a.first_mine)
        from pg_temp.undo_attr a
        where a.attr <> 'size' and (force or not a.stands) and a.value <> a.value_now
        group by a.ino;
    insert into pg_temp.change_xattr (ino, name, value, undone)
        select a.ino, 'system.posix_acl_access', a.acl, a.first_mine
        from pg_temp.undo_attr a
        where a.attr = 'mode' and (force or not a.stands) and a.acl is distinct from a.acl_now;

    insert into pg_temp.undo_file (ino, first_mine)
        select v.ino, least(min(o.op), (
            select g.died from pg_temp.undo_gap g where g.ino = v.ino and g.died < min(o.op) and g.back >= min(o.op))) as first_mine
        from (select distinct x.ino from pg_temp.undo_version x where thule_internal.is_file(x.mode)) v
        join pg_temp.undo_op o on o.ino = v.ino and o.kind = any (array(select k.id from thule.op_kind k where k.makes_inode or k.changes_bytes))
        group by v.ino;
    alter table pg_temp.undo_file add primary key (ino);
    analyze undo_file;
end
$$;
