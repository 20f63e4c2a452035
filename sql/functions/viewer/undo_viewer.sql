-- Keeps an undo that a user of the mount asks for to what he could do himself. The last step of a plan.
-- Parameters: viewer, as of thule_internal.permits; null: nothing is to be kept.
-- Returns: nothing; takes out of the plan, and notes, what only root gives: owners, set-id bits, capabilities, and the flags immutable
--   and append-only. Errors: more of it is not his to change (insufficient_privilege): then all of it is refused, since half
--   of an undo is not what was asked for.
-- Tables touched: inode, inode_history, xattr_history and those of thule_internal.may_reach (read).
-- What changes must be his own, now or, if it comes back, when it went; where names change he must be able to write.
create function thule_internal.undo_viewer(viewer bigint[]) returns void
language plpgsql
as $$
declare
    wrong text;
begin
    if viewer is null then
        return;
    end if;
    -- Directories of others get the time of now, as from any change in them.
    delete from pg_temp.change_inode i using thule.inode n
        where n.ino = i.ino and thule_internal.is_directory(n.mode) and n.uid <> viewer[1]
            and num_nulls(i.mode, i.uid, i.gid, i.flags) = 4;

    insert into pg_temp.change_note (action, ino, detail, op)
        select 'owner', i.ino, 'only root changes owners', i.undone
        from pg_temp.change_inode i where num_nonnulls(i.uid, i.gid) > 0
        union all
        select 'flags', i.ino, 'only root makes files immutable or append-only, or ends that', i.undone
        from pg_temp.change_inode i join thule.inode n on n.ino = i.ino where (i.flags # n.flags) & 48 <> 0;
    update pg_temp.change_inode i
        set uid = null, gid = null,
            flags = case when (i.flags # coalesce((select n.flags from thule.inode n where n.ino = i.ino), 0)) & 48 = 0 then i.flags end;
    with given as (
        insert into pg_temp.change_inode as i (ino, mode, undone)
            select b.ino, b.mode & ~b.power, b.undone
            from (
                select k.ino, k.undone, coalesce(i.mode, l.mode) as mode,
                    thule_internal.set_id_bits(coalesce(i.mode, l.mode)) & case
                        when thule_internal.is_directory(l.mode) then case when l.gid = any (viewer[2:]) then 0 else 1024 end & ~l.kept
                        when i.content then -1
                        else ~l.kept end as power
                from (
                    select c.ino, min(c.undone) as undone from pg_temp.change_name c
                    where c.active and c.from_parent is null group by c.ino
                    union
                    select i.ino, i.undone from pg_temp.change_inode i
                ) k
                left join pg_temp.change_inode i on i.ino = k.ino
                cross join lateral (
                    select n.mode, n.gid, thule_internal.set_id_bits(n.mode) as kept from thule.inode n where n.ino = k.ino
                    union all
                    (select h.mode, h.gid, 0 from thule.inode_history h
                    where h.ino = k.ino and not exists (select from thule.inode n where n.ino = k.ino)
                    order by h.op_from desc limit 1)
                ) l
            ) b
            where b.power <> 0
        on conflict (ino) do update set mode = excluded.mode
        returning i.ino, i.undone
    )
    insert into pg_temp.change_note (action, ino, detail, op)
        select 'mode', g.ino, 'set-id bits do not come back', g.undone from given g;
    with taken as (
        delete from pg_temp.change_xattr x where substring(x.name for 9) = 'security.' or substring(x.name for 8) = 'trusted.'
        returning x.ino, x.name, x.undone
    )
    insert into pg_temp.change_note (action, ino, detail, op)
        select 'xattr', t.ino, format('%s: only root gives it', thule.escape_name(t.name)), t.undone from taken t;
    insert into pg_temp.change_xattr (ino, name)
        select distinct h.ino, h.name
        from pg_temp.change_name c
        join thule.xattr_history h on h.ino = c.ino
        where c.active and c.from_parent is null and not exists (select from thule.inode n where n.ino = c.ino)
            and (substring(h.name for 9) = 'security.' or substring(h.name for 8) = 'trusted.');

    select string_agg(format('%s %s', coalesce(thule_internal.viewed_path(thule.path_at_op(w.ino, thule_internal.present()), thule_internal.present(), viewer),
            'something'), w.why), '; ')
    into wrong
    from (
        select b.ino, b.why
        from (
            select t.ino, case
                    when not thule_internal.is_own(t.ino, viewer) then 'is not yours'
                    when n.flags & 48 <> 0 then 'is immutable or append-only'
                    when n.nlink > 0 and not thule_internal.may_reach(t.ino, thule_internal.present(), 0, viewer) then 'is where you may not look'
                    when n.ino is null and exists (select from thule.inode_history h
                        where h.ino = t.ino and thule_internal.is_device(h.mode)) then 'was a device'
                end as why
            from (
                select i.ino from pg_temp.change_inode i
                union
                select x.ino from pg_temp.change_xattr x
                union
                select u.ino from pg_temp.change_cut u
                union
                select e.ino from pg_temp.change_extent e
                union
                select c.ino from pg_temp.change_name c where c.active
            ) t
            left join thule.inode n on n.ino = t.ino
            union all
            select n.ino, case
                    when n.flags & 48 <> 0 then 'is immutable or append-only'
                    when not thule_internal.may_reach(n.ino, thule_internal.present(), 3, viewer) then 'is a directory that you may not write'
                end
            from (
                select c.from_parent as ino from pg_temp.change_name c where c.active
                union
                select c.to_parent from pg_temp.change_name c where c.active
            ) d
            join thule.inode n on n.ino = d.ino
        ) b
        where b.why is not null
        order by b.ino
        limit 3
    ) w;
    if wrong is not null then
        raise exception using errcode = 'insufficient_privilege',
            message = format('nothing was undone, since this would change what you may not: %s', wrong),
            hint = 'Narrow it with a PATH, or ask root; --force is about later changes of your own files.';
    end if;
end
$$;
