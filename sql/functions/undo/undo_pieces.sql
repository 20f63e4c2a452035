-- Finds the bytes that files had and have, for thule_internal.undo_content.
-- Parameters: none; pg_temp.undo_file says which files. Returns: nothing; fills pg_temp.undo_piece (ino, lo, hi, blob, shift, op_from,
--   op_to), and pg_temp.undo_other (op, ino, lo, hi, hole), the later ops of the log that are not undone and set the bytes of a range; hole:
--   maybe to a hole.
-- Tables touched: inode_history, extent, extent_history, op, op_kind (read).
-- A file is looked at in segments, [lo, hi), within which nothing one op has set begins or ends, now or in the past. A piece is
-- what blob a segment's bytes were in, from byte lo - shift on, and from which op to which; in between are holes. What an inode
-- that is gone had when it went counts as present, and that an inode went and came back changes only bytes that are others then.
create function thule_internal.undo_pieces() returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.undo_extent;
    create temp table undo_extent on commit drop as
        with file as (
            select f.ino, l.comes_back, case when l.comes_back then (select max(h.op_to) from thule.inode_history h where h.ino = f.ino) end as gone,
                least(f.first_mine, (select min(m.op) from pg_temp.undo_moot m join thule.op o on o.op = m.op where o.ino = f.ino)) as since
            from pg_temp.undo_file f
            join pg_temp.undo_live l on l.ino = f.ino
        ), version as (
            select e.ino, e.file_off, e.len, e.blob, e.blob_off, e.op_from, e.op_to, false as last
            from file f
            join thule.extent e on e.ino = f.ino
            union all
            select e.ino, e.file_off, e.len, e.blob, e.blob_off, e.op_from, e.op_to, e.op_to is not distinct from f.gone
            from file f
            join thule.extent_history e on e.ino = f.ino
                and e.op_to >= least(f.since, (select min(g.died) from pg_temp.undo_gap g where g.ino = f.ino and g.back >= f.since))
        )
        select r.ino, w.file_off, w.len, r.blob, r.blob_off + w.file_off - r.file_off as blob_off, w.op as op_from,
            case when r.last then thule_internal.present() else r.op_to end as op_to
        from version r
        cross join lateral thule_internal.extent_writes(r.ino, r.file_off, r.len, r.op_from, r.op_to) w;
    analyze undo_extent;

    -- What sets bytes that are a hole already leaves no other trace. Those of undo and restore do so only where they change something.
    insert into pg_temp.undo_other (op, ino, lo, hi, hole)
        select o.op, o.ino, o.off as lo, case when k.to_end then thule_internal.no_limit() else o.off + o.len end as hi, k.makes_holes as hole
        from pg_temp.undo_file f
        join thule.op o on o.ino = f.ino and o.op > f.first_mine
        join thule.op_kind k on k.id = o.kind and k.has_range
        where coalesce(o.tag, '') !~ '^(undo|restore):'
            and not exists (select from pg_temp.undo_op u where u.op = o.op)
            and not exists (select from pg_temp.undo_moot m where m.op = o.op);
    create index on undo_other (ino);
    analyze undo_other;

    insert into pg_temp.undo_cut (ino, lo, hi)
        select c.ino, c.at as lo, lead(c.at) over (partition by c.ino order by c.at) as hi
        from (
            select e.ino, e.file_off as at from pg_temp.undo_extent e
            union
            select e.ino, e.file_off + e.len from pg_temp.undo_extent e
            union
            select b.ino, a.at from pg_temp.undo_other b cross join lateral (values (b.lo), (b.hi)) a (at) where b.hole
        ) c;
    create unique index on undo_cut (ino, lo);
    analyze undo_cut;
    insert into pg_temp.undo_piece (ino, lo, hi, blob, shift, op_from, op_to)
        select s.ino, s.lo, s.hi, e.blob, e.file_off - e.blob_off as shift, e.op_from, e.op_to
        from pg_temp.undo_extent e
        cross join lateral (
            select c.* from pg_temp.undo_cut c
            where c.ino = e.ino and c.lo >= e.file_off and c.lo < e.file_off + e.len
            offset 0
        ) s;
    if exists (select from pg_temp.undo_gap) then
        with taken as (
            delete from pg_temp.undo_piece p using (select distinct g.ino from pg_temp.undo_gap g) f where f.ino = p.ino
            returning p.*
        ), follows as (
            select t.ino, t.lo, t.hi, t.blob, t.shift, t.op_from, coalesce(d.back, t.op_to) as op_to,
                case when lag(t.blob) over w = t.blob and lag(t.shift) over w = t.shift and lag(d.back) over w = t.op_from
                    then 0 else 1 end as new
            from taken t
            left join pg_temp.undo_gap d on d.ino = t.ino and d.died = t.op_to
            window w as (partition by t.ino, t.lo order by t.op_from)
        )
        insert into pg_temp.undo_piece (ino, lo, hi, blob, shift, op_from, op_to)
            select r.ino, r.lo, r.hi, r.blob, r.shift, min(r.op_from), max(r.op_to)
            from (
                select f.*, sum(f.new) over (partition by f.ino, f.lo order by f.op_from) as run from follows f
            ) r
            group by r.ino, r.lo, r.hi, r.blob, r.shift, r.run;
    end if;
    create index on undo_piece (ino, lo);
    analyze undo_piece;
end
$$;
