-- Finds the files to which a plan gives power: set-id bits or security.capability that they would have, where what is planned changes
-- these, the owner or the bytes.
-- Parameters: who, the uid of who asks; the plan is in the tables of thule_internal.change_begin. Returns: nothing; fills pg_temp.change_power (ino, copy,
--   mode, uid, gid, size, caps, mode_now, caps_now, undone, known), as they would be; *_now is null of what is not there. known:
--   false, to be set by thule_internal.change_power_known.
-- Tables touched: inode, inode_history, xattr, xattr_history (read).
create function thule_internal.change_power_files(who bigint) returns void
language plpgsql
set plan_cache_mode = force_custom_plan
as $$
begin
    insert into pg_temp.change_power (ino, copy, mode, uid, gid, size, caps, mode_now, caps_now, undone, known)
        with changed as (
            select i.ino from pg_temp.change_inode i
            where i.content or i.like_ino is not null or num_nonnulls(i.mode, i.uid, i.gid) > 0
            union
            select x.ino from pg_temp.change_xattr x where x.name = 'security.capability'
            union
            -- As it was when it went, all of it together: nothing that root could not have.
            select n.ino from pg_temp.change_name n
            where who <> 0 and n.active and n.to_parent is not null
                and not exists (select from thule.inode i where i.ino = n.ino)
        ), planned as (
            select c.ino, i.like_ino is not null as copy, coalesce(i.mode, v.mode) as mode, coalesce(i.uid, v.uid) as uid,
                coalesce(i.gid, v.gid) as gid, coalesce(i.size, v.size) as size, coalesce(i.content, false) as content,
                case when x.ino is not null then x.value else (
                    select a.value from thule_internal.xattrs_at_op(v.ino, v.at_op) a where v.xattrs > 0 and a.name = 'security.capability')
                end as caps,
                n.ino is not null as there, n.mode as mode_now, n.uid as uid_now, n.gid as gid_now,
                (select a.value from thule.xattr a where n.xattrs > 0 and a.ino = n.ino and a.name = 'security.capability') as caps_now,
                coalesce(i.undone, x.undone, (
                    select min(m.undone) from pg_temp.change_name m where m.ino = c.ino and m.active)) as undone
            from changed c
            left join pg_temp.change_inode i on i.ino = c.ino
            left join pg_temp.change_xattr x on x.ino = c.ino and x.name = 'security.capability'
            left join thule.inode n on n.ino = c.ino
            -- What it is now, was when it went, or is a copy of.
            cross join lateral (
                select t.*
                from (
                    select s.ino, s.mode, s.uid, s.gid, s.size, s.xattrs, s.op_from, thule_internal.present() as op_to
                    from thule.inode s where s.ino = coalesce(i.like_ino, c.ino) and s.op_from <= coalesce(i.like_op, thule_internal.present())
                    union all
                    (select s.ino, s.mode, s.uid, s.gid, s.size, s.xattrs, s.op_from, s.op_to
                    from thule.inode_history s
                    where s.ino = coalesce(i.like_ino, c.ino) and s.op_from <= coalesce(i.like_op, thule_internal.present())
                    order by s.op_from desc limit 1)
                ) t
                order by t.op_from desc limit 1
            ) t
            cross join lateral (
                select t.ino, t.mode, t.uid, t.gid, t.size, t.xattrs, coalesce(i.like_op, t.op_to - 1) as at_op
            ) v
        )
        select p.ino, p.copy, p.mode, p.uid, p.gid, p.size, p.caps, p.mode_now, p.caps_now, p.undone, false as known
        from planned p
        where thule_internal.is_file(p.mode) and (thule_internal.set_id_bits(p.mode) <> 0 or p.caps is not null)
            -- Else it has that already, and keeps it over the same bytes.
            and (p.content or not p.there
                or (thule_internal.set_id_bits(p.mode), p.uid, p.gid, p.caps) is distinct from (thule_internal.set_id_bits(p.mode_now), p.uid_now, p.gid_now, p.caps_now));
    alter table pg_temp.change_power add primary key (ino);
    analyze pg_temp.change_power;
end
$$;
