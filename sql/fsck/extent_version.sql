-- Versions of one byte of a file that were true at the same time, by op. Extents are cut, so that versions of the same
-- bytes begin and end at different offsets: each is a rectangle of bytes and ops, and no two of them may meet. (Two of the
-- present are left to fsck_extent_overlap, and what is no range to fsck_extent_range and fsck_version_interval.)
--
-- n log n in the extents of a file, whatever they look like:
-- 1. Sorted by offset, a file falls into stretches that have no byte in common, and a stretch is sound at a glance where each extent,
--    in the order of ops, began when those before it had ended. Nearly all are: what is written anew, whole or a page of it, is.
-- 2. In the other stretches, offsets are numbered in their order, and each extent is cut into the largest cells of 2^level numbers,
--    aligned to their size, that it covers wholly: at most two of a level. It also lies in the cells of
--    each level that its two ends cut. Extents have a byte in common if and only if there is a cell that both lie in, and that
--    one of them covers wholly. So in each cell, in the order of ops, an extent that covers it must not begin before any
--    one before it has ended, and one that lies in it not before any that covers it has.
create function thule_internal.fsck_extent_version() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    with version as (
        select e.ino, e.file_off, e.file_off + e.len as stop, e.op_from, e.op_to, true as present
        from thule.extent e
        where thule_internal.extent_possible(e.file_off, e.len) and e.ino in (select h.ino from thule.extent_history h)
        union all
        select h.ino, h.file_off, h.file_off + h.len, h.op_from, h.op_to, false
        from thule.extent_history h
        where thule_internal.extent_possible(h.file_off, h.len)
    ), sorted as (
        select v.*, row_number() over w as n,
            max(v.stop) over (partition by v.ino order by v.file_off, v.stop, v.op_from, v.op_to
                rows between unbounded preceding and 1 preceding) as reach
        from version v
        where v.op_from < v.op_to
        window w as (partition by v.ino order by v.file_off, v.stop, v.op_from, v.op_to)
    ), stretch as (
        select s.*, count(*) filter (where s.file_off >= s.reach) over (partition by s.ino order by s.n) as stretch
        from sorted s
    ), followed as (
        select s.*, lag(s.op_to) over (partition by s.ino, s.stretch order by s.op_from, s.op_to) as last_to
        from stretch s
    ), judged as (
        select f.*, bool_or(f.op_from < f.last_to) over (partition by f.ino, f.stretch) as doubtful
        from followed f
    ), edge as (
        select d.ino, d.n, d.op_from, d.op_to, d.present, d.file_off, d.stop,
            dense_rank() over (partition by d.ino order by b.pos) as at
        from judged d
        cross join lateral (values (d.file_off), (d.stop)) b (pos)
        where d.doubtful
    ), span as (
        -- top: the highest level at which an extent of the file can cover a cell. Joined with nothing: a plan that joins
        -- the rows of one file with each other would be what this is to avoid.
        select s.*, floor(log(2::numeric, max(s.high - s.low) over (partition by s.ino)))::integer as top
        from (
            select e.ino, e.n, e.op_from, e.op_to, e.present, e.file_off, e.stop, min(e.at) as low, max(e.at) as high
            from edge e
            group by e.ino, e.n, e.op_from, e.op_to, e.present, e.file_off, e.stop
        ) s
    ), piece as (
        select s.ino, s.n, s.op_from, s.op_to, s.present, s.file_off, s.stop, k.level, c.cell, c.whole
        from span s
        cross join lateral (
            select g.level, (1::bigint << g.level) - 1 as mask from generate_series(0, s.top) g (level)
        ) k
        cross join lateral (
            select (s.low + k.mask) >> k.level as first, s.high >> k.level as beyond
        ) w
        cross join lateral (values
            (w.first, true, w.first < w.beyond and w.first & 1 = 1),
            (w.beyond - 1, true, w.first < w.beyond and w.beyond & 1 = 1),
            (s.low >> k.level, false, s.low & k.mask <> 0),
            ((s.high - 1) >> k.level, false, s.high & k.mask <> 0
                and ((s.high - 1) >> k.level <> s.low >> k.level or s.low & k.mask = 0))
        ) c (cell, whole, there)
        where c.there
    ), compared as (
        -- Of those before it in the cell: until when any was true, and until when any that ended.
        select p.*,
            max(p.op_to) filter (where p.whole) over w as covered,
            max(p.op_to) filter (where p.whole and not p.present) over w as covered_ended,
            max(p.op_to) filter (where not p.whole) over w as touched,
            max(p.op_to) filter (where not p.whole and not p.present) over w as touched_ended
        from piece p
        window w as (partition by p.ino, p.level, p.cell order by p.op_from, p.n rows between unbounded preceding and 1 preceding)
    )
    select 'extent_version' as check_id, 'error' as severity, c.ino,
        format('the extent at %s of %s bytes from op %s to %s overlaps one that began before it and had not ended', c.file_off,
            c.stop - c.file_off, c.op_from, c.op_to) as detail,
        case when c.present then c.op_from else c.op_to end as op,
        'none: the past is not rewritten; `thule prune --keep 0s PATH` deletes it' as repair
    from compared c
    where c.op_from < case when c.present then greatest(c.covered_ended, case when c.whole then c.touched_ended end)
        else greatest(c.covered, case when c.whole then c.touched end) end
    group by c.ino, c.n, c.file_off, c.stop, c.op_from, c.op_to, c.present;
end;
