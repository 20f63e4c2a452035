-- Does what is planned in pg_temp.change_name, change_inode, change_cut, change_extent and change_xattr, as ops of the given
-- process.
-- Parameters: actor, a JSON object with the columns of thule.actor; tag, of the ops; mount, thule.mount.id; opened, inodes that
--   processes have open: those that lose their last name stay, without one, until they are closed; null: not known, as of other
--   mounts, and all of them stay until one mount is alone; now, the time by the clock of whoever makes ops, which the first of
--   these has unless it is just before that of the last op there is.
-- Returns: how many ops. Fills pg_temp.touched.
-- Tables touched: all of the filesystem's but blob: restored bytes are those of the blobs of then.
-- An inode has a version from each op on that changes it, as a batch would have made it; of those in between, as of any, one can ask.
create function thule_internal.change_apply(actor jsonb, tag text, mount bigint, opened bigint[], now timestamptz) returns bigint
language plpgsql
as $$
declare
    super   record;
    free_op bigint;
    began   timestamptz;
    last_at timestamptz;
begin
    select s.next_op, s.next_ino into super from thule.superblock s for update;
    free_op := thule_internal.change_order(super.next_op);
    if free_op = super.next_op then
        return 0;
    end if;
    -- As journal_append() does; CLOCK_TOLERANCE_US is this second.
    select case when change_apply.now < o.at - interval '1 second' then change_apply.now
            else greatest(change_apply.now, o.at + interval '1 microsecond') end, o.at
        into began, last_at
        from thule.op o order by o.op desc limit 1;
    if began < last_at then
        insert into thule.clock_step (op, at, was) values (super.next_op, began, last_at);
    end if;

    perform thule_internal.progress(55);
    insert into thule.actor (id, host, boot_id, pid, start_time, ppid, uid, gid, loginuid, exe, comm, cmdline, cgroup,
            username)
        select super.next_op, coalesce(a.host, ''), coalesce(a.boot_id, ''), coalesce(a.pid, 0),
            coalesce(a.start_time, 0), coalesce(a.ppid, 0), coalesce(a.uid, 0), coalesce(a.gid, 0), a.loginuid,
            coalesce(a.exe, ''), coalesce(a.comm, ''), coalesce(a.cmdline, ''), coalesce(a.cgroup, ''), a.username
        from jsonb_populate_record(null::thule.actor, coalesce(actor, '{}')) a;
    insert into thule.op (op, at, kind, ino, parent, name, new_parent, new_name, off, len, actor, mount, tag)
        select c.op, began + (c.op - super.next_op) * interval '1 microsecond', k.id, c.ino, c.parent, c.name,
            c.new_parent, c.new_name, c.off, c.len, super.next_op, change_apply.mount, change_apply.tag
        from pg_temp.change_op c
        join thule.op_kind k on k.name = c.kind;

    with gone as (
        delete from thule.dirent d
        using pg_temp.change_name c
        where c.active and d.parent = c.from_parent and d.name = c.from_name
        returning d.parent, d.name, d.ino, d.cookie, d.op_from, d.valid_from, c.op_off
    )
    insert into thule.dirent_history (parent, name, ino, cookie, op_from, valid_from, op_to, valid_to)
        select g.parent, g.name, g.ino, g.cookie, g.op_from, g.valid_from, o.op, o.at
        from gone g
        join thule.op o on o.op = g.op_off;
    insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
        select c.to_parent, c.to_name, c.ino, o.op * 2, o.op, o.at
        from pg_temp.change_name c
        join thule.op o on o.op = c.op_on
        where c.active;

    perform thule_internal.progress(65);
    perform thule_internal.change_steps();
    -- Every inode that is not as it was: its first op, its last, how many names it has now, and whether it goes with the last.
    drop table if exists pg_temp.change_before;
    insert into pg_temp.change_row (ino, first, last, names, gone)
        select t.ino, t.first, t.last, n.names,
            n.names = 0 and t.ino <> 1 and opened is not null and not exists (select from unnest(opened) o (ino) where o.ino = t.ino) as gone
        from (
            select s.ino, min(s.op) as first, max(s.op) as last from pg_temp.change_step s group by s.ino
        ) t
        cross join lateral (select count(*) as names from thule.dirent d where d.ino = t.ino) n;
    create unique index on change_row (ino);
    analyze change_row;
    create temp table change_before on commit drop as
        select i.* from pg_temp.change_row r join thule.inode i on i.ino = r.ino;
    create unique index on change_before (ino);
    analyze change_before;

    insert into thule.inode_history (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns,
            btime_ns, flags, xattrs, project, target, op_from, valid_from, op_to, valid_to)
        select i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns,
            i.btime_ns, i.flags, i.xattrs, i.project, i.target, i.op_from, i.valid_from, o.op, o.at
        from pg_temp.change_row r
        join pg_temp.change_before i on i.ino = r.ino
        join thule.op o on o.op = r.first;
    with gone as (
        delete from thule.inode i using pg_temp.change_row r where i.ino = r.ino and r.gone
        returning i.ino
    )
    insert into pg_temp.change_cut (ino, lo, hi) select g.ino, 0, thule_internal.no_limit() from gone g;

    perform thule_internal.progress(75);
    perform thule_internal.change_extents();
    perform thule_internal.change_xattrs();

    perform thule_internal.progress(85);
    -- What is there now: changed, or made anew.
    drop table if exists pg_temp.change_now;
    create temp table change_now on commit drop as
        select r.ino, coalesce(i.mode, v.mode) as mode,
            case when r.names = 0 and r.ino <> 1
                then 0
            when thule_internal.is_directory(v.mode)
                then 2 + (select count(*)
                    from thule.dirent d
                    left join thule.inode n on n.ino = d.ino
                    left join pg_temp.change_mode m on m.ino = d.ino and n.ino is null
                    where d.parent = r.ino and thule_internal.is_directory(coalesce(n.mode, m.mode)))
                else r.names end as nlink,
            coalesce(i.uid, v.uid) as uid, coalesce(i.gid, v.gid) as gid, v.rdev, coalesce(i.size, v.size) as size,
            case when thule_internal.is_file(v.mode) and (i.content or p.ino is null)
                then (select coalesce(sum(e.len), 0) from thule.extent e where e.ino = r.ino)
                else v.allocated end as allocated,
            coalesce(i.atime_ns, v.atime_ns) as atime_ns, coalesce(i.mtime_ns, v.mtime_ns) as mtime_ns,
            case when i.like_ino is null then v.btime_ns else thule.time_ns(f.at) end as btime_ns,
            coalesce(i.flags, v.flags) as flags,
            (select count(*) from thule.xattr x where x.ino = r.ino) as xattrs, v.project, v.target, o.op, o.at,
            p.ino is not null as there
        from pg_temp.change_row r
        join thule.op f on f.op = r.first
        join thule.op o on o.op = r.last
        left join pg_temp.change_inode i on i.ino = r.ino
        left join thule.inode p on p.ino = r.ino
        cross join lateral (
            select t.*
            from thule.inode t
            where t.ino = coalesce(i.like_ino, r.ino) and t.op_from <= coalesce(i.like_op, thule_internal.present())
            union all
            (select h.*
            from thule.inode_history h
            where h.ino = coalesce(i.like_ino, r.ino) and h.op_from <= coalesce(i.like_op, thule_internal.present())
            order by h.op_from desc limit 1)
            order by op_from desc limit 1
        ) v
        where not r.gone;
    create unique index on change_now (ino);
    analyze change_now;
    -- Between the first op and the last. What is made anew has all but its links from the start; what goes stays as it is until then.
    insert into thule.inode_history (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns,
            btime_ns, flags, xattrs, project, target, op_from, valid_from, op_to, valid_to)
        select s.ino, case when a.attributes then n.mode else p.mode end,
            coalesce(p.nlink, case when thule_internal.is_directory(n.mode) then 2 else 0 end) + s.links,
            case when a.attributes then n.uid else p.uid end, case when a.attributes then n.gid else p.gid end, coalesce(p.rdev, n.rdev),
            case when a.content then n.size else p.size end, case when a.content then n.allocated else p.allocated end,
            case when a.attributes then n.atime_ns else p.atime_ns end,
            case when a.content or a.attributes then n.mtime_ns else p.mtime_ns end, thule.time_ns(o.at), coalesce(p.btime_ns, n.btime_ns),
            case when a.flags then n.flags else p.flags end, coalesce(p.xattrs + s.xattrs, n.xattrs), coalesce(p.project, n.project),
            coalesce(p.target, n.target), o.op, o.at, t.op, t.at
        from pg_temp.change_step s
        join thule.op o on o.op = s.op
        join thule.op t on t.op = s.next
        left join pg_temp.change_before p on p.ino = s.ino
        left join pg_temp.change_now n on n.ino = s.ino
        cross join lateral (
            select n.ino is not null and (s.content or p.ino is null) as content,
                n.ino is not null and (s.attributes or p.ino is null) as attributes, n.ino is not null and (s.flags or p.ino is null) as flags
        ) a;
    update thule.inode i
        set mode = n.mode, nlink = n.nlink, uid = n.uid, gid = n.gid, size = n.size, allocated = n.allocated,
            atime_ns = n.atime_ns, mtime_ns = n.mtime_ns, ctime_ns = thule.time_ns(n.at), flags = n.flags,
            xattrs = n.xattrs, op_from = n.op, valid_from = n.at
        from pg_temp.change_now n
        where i.ino = n.ino;
    insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns,
            flags, xattrs, project, target, op_from, valid_from)
        select n.ino, n.mode, n.nlink, n.uid, n.gid, n.rdev, n.size, n.allocated, n.atime_ns, n.mtime_ns, thule.time_ns(n.at),
            n.btime_ns, n.flags, n.xattrs, n.project, n.target, n.op, n.at
        from pg_temp.change_now n
        where not n.there;

    perform thule_internal.progress(95);
    insert into pg_temp.touched (ino, parent, name, revived, stays)
        select r.ino, null, null,
            exists (select from pg_temp.change_now n
                left join pg_temp.change_before p on p.ino = n.ino
                where n.ino = r.ino and n.nlink > 0 and coalesce(p.nlink, 0) = 0 and thule_internal.is_directory(n.mode)),
            false
        from pg_temp.change_row r
        union all
        select c.ino, v.parent, v.name, false, false
        from pg_temp.change_name c
        cross join lateral (values (c.from_parent, c.from_name), (c.to_parent, c.to_name)) v (parent, name)
        where c.active and v.parent is not null
        union all
        select null, d.parent, d.name, false, true
        from pg_temp.change_now n
        join pg_temp.change_before p on p.ino = n.ino and p.uid <> n.uid
        join thule.dirent d on d.ino = n.ino;
    update thule.superblock s
        set next_op = free_op, next_ino = greatest(s.next_ino, (select max(r.ino) + 1 from pg_temp.change_row r));
    update thule.mount m set last_op = free_op - 1 where m.id = change_apply.mount;
    return free_op - super.next_op;
end
$$;
