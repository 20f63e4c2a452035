-- Plans what bytes files go back to when the ops of pg_temp.undo_op are undone. After thule_internal.undo_inodes.
-- Parameters: force, see thule_internal.undo_plan.
-- Returns: nothing; adds to pg_temp.change_inode, change_cut, change_extent and change_note.
-- Tables touched: inode_history, extent, extent_history, op, op_kind (read).
-- Each byte has a history of its own: the ops that wrote it or cut it off. If the last of them is undone, the byte goes
-- back to what it was after the last one that is not. The file is looked at in segments (thule_internal.undo_pieces). If somebody
-- else has set the size since, or has written past the size to go back to, what the bytes mean depends on both, and the
-- file's content stays as it is.
create function thule_internal.undo_content(force boolean) returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.undo_touch, pg_temp.undo_segment, pg_temp.undo_size;
    perform thule_internal.undo_pieces();
    create temp table undo_size on commit drop as
        select f.ino, f.first_mine, l.comes_back, false as whole, s.size as size_now,
            coalesce(case when not a.stands then a.value end, s.size) as size, a.stands and a.value <> s.size as set_later,
            a.kept, a.back_until, null::bigint as "by", ''::text as why
        from pg_temp.undo_file f
        join pg_temp.undo_live l on l.ino = f.ino
        join lateral (
            select v.size from pg_temp.undo_version v where v.ino = f.ino order by v.op_from desc limit 1
        ) s on true
        left join pg_temp.undo_attr a on a.ino = f.ino and a.attr = 'size';
    alter table pg_temp.undo_size add primary key (ino);
    update pg_temp.undo_size s set "by" = s.kept, why = 'the size was changed later' where s.set_later;
    update pg_temp.undo_size s set "by" = e.op, why = 'was changed past its old end later'
        from (
            select p.ino, max(p.op) as op
            from (
                select n.ino, n.op_from as op, n.hi from pg_temp.undo_piece n where n.op_to = thule_internal.present()
                union all
                select b.ino, b.op, b.hi from pg_temp.undo_other b
            ) p
            join pg_temp.undo_size z on z.ino = p.ino and z.size < z.size_now
            where p.hi > z.size and p.op >= z.back_until
                and not exists (select from pg_temp.undo_op u where u.op = p.op)
                and not exists (select from pg_temp.undo_back b where b.op = p.op)
            group by p.ino
        ) e
        where e.ino = s.ino and s."by" is null;
    -- What is undone had cut it, and others have written since: how long it would be without that cut, no version says.
    update pg_temp.undo_size s set "by" = s.kept, why = 'was cut off, and has grown again by what stays'
        where s."by" is null and s.kept > 0 and exists (
            select from (
                select v.op_from, v.own, v.is_size, v.size, lag(v.size) over (order by v.op_from) as before
                from pg_temp.undo_version v
                where v.ino = s.ino and v.op_from < s.kept
            ) m
            where m.own and m.is_size and m.size < m.before and m.before > s.size
                -- Unless what stays has set the size since, whatever it was.
                and not exists (
                    select from pg_temp.undo_version f
                    join thule.op o on o.op = f.op_from and o.kind = any (array(select k.id from thule.op_kind k where k.sets_size))
                    where f.ino = s.ino and f.op_from > m.op_from and f.op_from <= s.kept and f.is_size and not f.own));

    create temp table undo_touch on commit drop as
        select p.ino, p.lo, p.hi, o.op, u.op is not null as own, u.op is not null as mine
        from pg_temp.undo_piece p
        cross join lateral (
            values (p.op_from), (case when p.op_to < thule_internal.present() then p.op_to end)
        ) o (op)
        left join pg_temp.undo_op u on u.op = o.op
        where o.op is not null
        union all
        select c.ino, c.lo, c.hi, b.op, false, false
        from pg_temp.undo_other b
        cross join lateral (
            select s.* from pg_temp.undo_cut s where s.ino = b.ino and s.lo >= b.lo and s.lo < b.hi and s.hi is not null
            offset 0
        ) c
        where b.hole;
    if exists (select from pg_temp.undo_back) then
        create index on undo_touch (ino, lo);
        analyze undo_touch;
        update pg_temp.undo_touch e set mine = true
            where not e.mine and (exists (select from pg_temp.undo_back b where b.op = e.op)
                or exists (select from pg_temp.undo_ended d where d.op = e.op and d.ino = e.ino)
                or exists (select from pg_temp.undo_touch d
                    join pg_temp.undo_back b on b.op = d.op
                    join pg_temp.undo_moot m on m.request = b.request and m.op = e.op
                    where d.ino = e.ino and d.lo = e.lo));
    end if;
    create temp table undo_segment on commit drop as
        select t.ino, t.lo, t.hi, coalesce(max(t.op) filter (where not t.mine), 0) as kept,
            max(t.op) filter (where t.own) as last_mine, min(t.op) filter (where t.own) as first_mine
        from pg_temp.undo_touch t
        group by t.ino, t.lo, t.hi;
    create index on undo_segment (ino);
    analyze undo_segment;

    if force then
        -- All of the file, with what others did to it since.
        update pg_temp.undo_size s set whole = true
            where s."by" is not null
                or exists (select from pg_temp.undo_segment g where g.ino = s.ino and g.kept > g.first_mine);
        update pg_temp.undo_size s set "by" = null,
                size = (select v.size from pg_temp.undo_version v where v.ino = s.ino and v.op_from < s.first_mine
                    order by v.op_from desc limit 1)
            where s.whole;
    else
        insert into pg_temp.change_note (action, ino, detail, op, "by")
            select 'content', s.ino, s.why, s.first_mine, s."by"
            from pg_temp.undo_size s
            where s."by" is not null;
        insert into pg_temp.change_note (action, ino, detail, op, "by")
            select 'content', g.ino, format('%s bytes at %s were written again later', sum(g.hi - g.lo), min(g.lo)),
                min(g.first_mine), max(g.kept)
            from pg_temp.undo_segment g
            join pg_temp.undo_size s on s.ino = g.ino and s."by" is null
            left join pg_temp.undo_piece n on n.ino = g.ino and n.lo = g.lo and n.op_to = thule_internal.present()
            left join pg_temp.undo_piece p on p.ino = g.ino and p.lo = g.lo and p.op_from < g.first_mine and p.op_to >= g.first_mine
            where g.kept > g.last_mine and (n.blob, n.shift) is distinct from (p.blob, p.shift)
            group by g.ino;
    end if;
    -- A file that stays as it is keeps its time too.
    update pg_temp.change_inode c set mtime_ns = null
        from pg_temp.undo_size s where s.ino = c.ino and s."by" is not null;
    delete from pg_temp.undo_segment g using pg_temp.undo_size s where s.ino = g.ino and s."by" is not null;
    -- From here on kept is what to go back to, and last_mine is null where nothing changes.
    update pg_temp.undo_segment g set
            last_mine = case when s.whole or g.last_mine > g.kept then 1 end,
            kept = case when s.whole then s.first_mine - 1 else g.kept end
        from pg_temp.undo_size s where s.ino = g.ino;
    -- What is there already, brought back by an earlier undo.
    update pg_temp.undo_segment g set last_mine = null
        where g.last_mine is not null
            and (select (p.blob, p.shift) from pg_temp.undo_piece p
                where p.ino = g.ino and p.lo = g.lo and p.op_to = thule_internal.present())
                is not distinct from
                (select (p.blob, p.shift) from pg_temp.undo_piece p
                where p.ino = g.ino and p.lo = g.lo and p.op_from <= g.kept and p.op_to > g.kept);
    insert into pg_temp.change_cut (ino, lo, hi)
        select r.ino, min(r.lo), max(r.hi)
        from (
            select q.ino, q.lo, q.hi, sum(q.new) over (partition by q.ino order by q.lo) as run
            from (
                select g.ino, g.lo, least(g.hi, s.size) as hi,
                    case when lag(least(g.hi, s.size)) over (partition by g.ino order by g.lo) = g.lo then 0 else 1 end as new
                from pg_temp.undo_segment g
                join pg_temp.undo_size s on s.ino = g.ino
                where g.last_mine is not null and g.lo < s.size and not s.comes_back
            ) q
        ) r
        group by r.ino, r.run
        union all
        select s.ino, s.size, thule_internal.no_limit()
        from pg_temp.undo_size s
        where s."by" is null and s.size < s.size_now and not s.comes_back;
    -- Pieces of one extent that lie side by side become one again.
    insert into pg_temp.change_extent (ino, file_off, len, blob, blob_off)
        select p.ino, min(p.lo), max(p.hi) - min(p.lo), p.blob, min(p.lo) - p.shift
        from (
            select q.*, sum(q.new) over (partition by q.ino order by q.lo) as run
            from (
                select g.ino, g.lo, least(g.hi, s.size) as hi, e.blob, e.shift,
                    case when lag(least(g.hi, s.size)) over w = g.lo and lag(e.blob) over w = e.blob
                            and lag(e.shift) over w = e.shift then 0 else 1 end as new
                from pg_temp.undo_segment g
                join pg_temp.undo_size s on s.ino = g.ino
                join pg_temp.undo_piece e on e.ino = g.ino and e.lo = g.lo
                    and case when g.last_mine is null then e.op_to = thule_internal.present()
                             else e.op_from <= g.kept and e.op_to > g.kept end
                where (g.last_mine is not null or s.comes_back) and g.lo < s.size
                window w as (partition by g.ino order by g.lo)
            ) q
        ) p
        group by p.ino, p.run, p.blob, p.shift;
    -- Files that stay in conflict, or that only their names concern, come back as they went.
    insert into pg_temp.change_extent (ino, file_off, len, blob, blob_off)
        select h.ino, h.file_off, h.len, h.blob, h.blob_off
        from pg_temp.undo_live l
        join lateral (
            select i.op_to, i.size from thule.inode_history i where i.ino = l.ino order by i.op_to desc limit 1
        ) v on true
        join thule.extent_history h on h.ino = l.ino and h.op_to = v.op_to
        where l.comes_back
            and not exists (select from pg_temp.undo_size s where s.ino = l.ino and s."by" is null);

    insert into pg_temp.change_inode as c (ino, size, content, undone)
        select s.ino, nullif(s.size, s.size_now), true, s.first_mine
        from pg_temp.undo_size s
        where s."by" is null
            and (s.size <> s.size_now
                or exists (select from pg_temp.undo_segment g where g.ino = s.ino and g.last_mine is not null))
    on conflict (ino) do update set size = excluded.size, content = true;
end
$$;
