-- Extents that are not as they were linked: what began less what ended has to be there, and each piece that ended, unless it may be gone.
-- Parameters: none. Returns: op, which began them; area; ino; what: in words.
-- Tables touched: extent, extent_history, chain, chain_part (read).
create function thule_internal.audit_extents() returns table (op bigint, area text, ino bigint, what text)
language sql stable
set enable_seqscan = on
set enable_hashjoin = on
set plan_cache_mode = force_custom_plan
begin atomic
    with head as materialized (
        select max(c.last_op) as last_op, coalesce(max(c.horizon), 0) as horizon from thule.chain c
    ), gone as materialized (
        select x.ino, x.op from thule_internal.audit_excused() x
    ), piece as materialized (
        select e.ino::bigint as ino, e.op_from, case when e.op_to <= h.last_op then e.op_to end as op_to, e.blob::bigint as blob,
            e.file_off - e.blob_off as shift, e.file_off::bigint as lo, e.file_off + e.len as hi, true as here
        from head h
        join (select * from thule.extent union all select * from thule.extent_history) e on e.op_from <= h.last_op
        union all
        select u.ino, u.op_from, u.op_to, u.blob, u.shift, u.lo, u.hi, false
        from thule.chain_part p
        cross join lateral unnest(p.ops, p.ends, p.inos, p.blobs, p.shifts, p.los, p.his) u (op_from, op_to, ino, blob, shift, lo, hi)
        where p.area = 'extent'
    ), living as (
        -- Without what ended: that is compared piece by piece.
        select p.op_from, p.ino, p.blob, ' is not as long as it was, was put in later or is there more than once' as how
        from piece p
        group by p.op_from, p.ino, p.blob, p.shift
        having (coalesce(sum(p.hi - p.lo) filter (where p.op_to is null and not p.here), 0)
                - coalesce(sum(p.hi - p.lo) filter (where p.op_to is not null and not p.here), 0)
                <> coalesce(sum(p.hi - p.lo) filter (where p.op_to is null and p.here), 0)
            or coalesce(range_agg(int8range(p.lo, p.hi)) filter (where p.op_to is null and not p.here), '{}')
                - coalesce(range_agg(int8range(p.lo, p.hi)) filter (where p.op_to is not null and not p.here), '{}')
                <> coalesce(range_agg(int8range(p.lo, p.hi)) filter (where p.op_to is null and p.here), '{}'))
            and not (bool_and(not p.here or p.op_to is not null) and exists (select from gone g where g.ino = p.ino and g.op = thule_internal.present()))
    ), ended as (
        select p.op_from, p.ino, p.blob,
            case when count(*) filter (where p.here) = 0 then ' was removed' else ' was put in later or is there more than once' end as how
        from piece p
        where p.op_to is not null
        group by p.op_from, p.op_to, p.ino, p.blob, p.shift, p.lo, p.hi
        having not (bool_or(not p.here) and count(*) filter (where p.here) = 1)
            and not (count(*) filter (where p.here) = 0 and (p.op_to <= (select h.horizon from head h)
                or exists (select from gone g where g.ino = p.ino and p.op_to <= g.op)))
    )
    select f.op_from as op, 'extent' as area, f.ino,
        format('bytes of inode %s from op %s on, in blob %s, by %s', f.ino, f.op_from, f.blob, f.of) || f.how as what
    from (
        select l.op_from, l.ino, l.blob, 'thule.extent: its range' as of, l.how from living l
        union
        select e.op_from, e.ino, e.blob, 'thule.extent_history: a piece', e.how from ended e
    ) f;
end;
