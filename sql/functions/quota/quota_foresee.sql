-- What would be used of quotas once a plan is done, for a dry run: in pg_temp.quota_then, as thule_internal.quota_check wants it. The
-- same numbers come out of thule.quota_usage after thule_internal.change_apply, but for what was opened in the last moment.
-- Parameters: none; the plan is in the tables of thule_internal.change_begin. Returns: nothing.
-- Tables touched: inode, inode_history, dirent, extent, xattr, xattr_history, quota, live_handle (read).
create function thule_internal.quota_foresee() returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.quota_inode;
    -- What is changed: as it will be, or gone true. Those that lose their last name while they are open stay, and all of them where there
    -- are several mounts.
    create temp table quota_inode on commit drop as
        select t.ino, coalesce(i.uid, v.uid) as uid, coalesce(i.gid, v.gid) as gid, v.project,
            case when thule_internal.is_file(v.mode) and (i.content or p.ino is null) then b.allocated::bigint else v.allocated end as allocated,
            a.bytes as attributes, n.names, n.names = 0 and t.ino <> 1 and (select count(*) from thule_internal.mounts_live()) < 2
                and t.ino not in (select o.ino from thule.live_handle o where o.mount in (select thule_internal.mounts_live())) as gone
        from (
            select c.ino from pg_temp.change_name c where c.active
            union
            select c.ino from pg_temp.change_inode c
            union
            select c.ino from pg_temp.change_xattr c
        ) t
        left join pg_temp.change_inode i on i.ino = t.ino
        left join thule.inode p on p.ino = t.ino
        cross join lateral (
            select s.*
            from (
                select h.mode, h.uid, h.gid, h.project, h.allocated, h.op_from, h.op_to from thule.inode h
                where h.ino = coalesce(i.like_ino, t.ino) and h.op_from <= coalesce(i.like_op, thule_internal.present())
                union all
                (select h.mode, h.uid, h.gid, h.project, h.allocated, h.op_from, h.op_to from thule.inode_history h
                where h.ino = coalesce(i.like_ino, t.ino) and h.op_from <= coalesce(i.like_op, thule_internal.present())
                order by h.op_from desc limit 1)
            ) s
            order by s.op_from desc limit 1
        ) v
        cross join lateral (
            select (select count(*) from thule.dirent d where d.ino = t.ino)
                + count(*) filter (where c.to_parent is not null) - count(*) filter (where c.from_parent is not null) as names
            from pg_temp.change_name c
            where c.active and c.ino = t.ino
        ) n
        cross join lateral (
            select coalesce((select sum(e.len) from pg_temp.change_extent e where e.ino = t.ino), 0)
                + coalesce((select sum(e.len) from thule.extent e where e.ino = t.ino), 0)
                - coalesce((
                    select sum(upper(r) - lower(r))
                    from (select range_agg(int8range(c.lo, c.hi)) as cuts from pg_temp.change_cut c where c.ino = t.ino) m
                    join thule.extent e on e.ino = t.ino
                    cross join lateral unnest(m.cuts * int8multirange(int8range(e.file_off, e.file_off + e.len))) r), 0)
                as allocated
        ) b
        cross join lateral (
            select coalesce(sum(octet_length(x.name) + octet_length(x.value)), 0) as bytes
            from (
                select o.name, o.value
                from thule_internal.xattrs_at_op(coalesce(i.like_ino, t.ino), coalesce(i.like_op, v.op_to - 1)) o
                where not exists (select from pg_temp.change_xattr c where c.ino = t.ino and c.name = o.name)
                union all
                select c.name, c.value from pg_temp.change_xattr c where c.ino = t.ino and c.value is not null
            ) x
        ) a;
    create index on quota_inode (ino);
    analyze quota_inode;
    insert into pg_temp.quota_then (kind, id, bytes, inodes)
        with recursive tree (ino, project) as (
            select q.ino, q.id from thule.quota q where q.kind = 2
            union
            select d.ino, t.project
            from tree t
            cross join lateral (
                select d.ino
                from thule.dirent d
                where d.parent = t.ino and not exists (select from pg_temp.change_name c
                    where c.active and c.from_parent = d.parent and c.from_name = d.name)
                union all
                select c.ino from pg_temp.change_name c where c.active and c.to_parent = t.ino
                offset 0
            ) d
            where not exists (select from thule.quota q where q.ino = d.ino)
        ), wanted as materialized (
            select t.ino, min(t.project) as project from tree t group by t.ino
        ), later as (
            select i.ino, i.uid, i.gid, i.project, i.allocated, i.nlink as names, case when i.xattrs > 0 then (
                    select sum(octet_length(x.name) + octet_length(x.value)) from thule.xattr x where x.ino = i.ino)
                else 0 end as attributes
            from thule.inode i
            where not exists (select from pg_temp.quota_inode c where c.ino = i.ino)
            union all
            select c.ino, c.uid, c.gid, c.project, c.allocated, c.names, c.attributes from pg_temp.quota_inode c where not c.gone
        ), used as materialized (
            select l.uid, l.gid, w.project, grouping(l.uid, l.gid, w.project) as set,
                sum((l.allocated + 4095) / 4096 * 4096 + coalesce(l.attributes, 0))::bigint as bytes, count(*) as inodes
            from later l
            cross join lateral (
                select case when l.names > 0 then (select w.project from wanted w where w.ino = l.ino) else l.project end as project
            ) w
            group by grouping sets ((l.uid), (l.gid), (w.project))
        )
        select (array['user', 'group', 'tree'])[q.kind + 1] as kind, q.id, coalesce(u.bytes, 0) as bytes,
            coalesce(u.inodes, 0) as inodes
        from thule.quota q
        left join used u on case q.kind
            when 0 then u.set = 3 and u.uid = q.id
            when 1 then u.set = 5 and u.gid = q.id
            else u.set = 6 and u.project = q.id end;
end
$$;
