-- Rows of the log, of processes, inodes, names and attributes that are not as they were linked.
-- Parameters: none. Returns: op, which began them; area, their table; ino; what: in words.
-- Tables touched: those of thule_internal.audit_row, chain, chain_part, superblock (read).
-- A row of the chain and one that is there are the same row if their hashes are. One whose hash has changed is one of each, without its pair.
-- What may be gone: versions that ended by the horizon of a prune, or with a file; ops and processes before that horizon, as far as the log was pruned.
create function thule_internal.audit_versions() returns table (op bigint, area text, ino bigint, what text)
language sql stable
set enable_seqscan = on
set enable_hashjoin = on
set plan_cache_mode = force_custom_plan
begin atomic
    with head as materialized (
        select max(c.last_op) as last_op, coalesce(max(c.horizon), 0) as horizon from thule.chain c
    ), log as materialized (
        -- Without a superblock nobody has pruned the log.
        select coalesce((select least(min(s.log_op), h.horizon) from thule.superblock s having count(*) > 0), 0) as begins from head h
    ), gone as materialized (
        select x.ino, x.op from thule_internal.audit_excused() x
    ), compared as (
        select b.area, b.op_from, b.ino, b.parent, b.id, count(*) filter (where b.here) as here, bool_or(not b.here) as linked,
            max(b.op_to) filter (where b.here) as op_to, max(b.op_to) filter (where not b.here) as linked_to
        from (
            select r.area, r.op_from, r.op_to, r.ino, r.parent, r.id, true as here
            from head h
            cross join lateral thule_internal.audit_row(0, h.last_op) r
            union all
            select p.area, u.op_from, u.op_to, u.ino, u.parent, u.id, false
            from thule.chain_part p
            cross join lateral unnest(p.ops, p.ends, p.inos, p.parents, p.ids) u (op_from, op_to, ino, parent, id)
            where p.area in ('op', 'actor', 'inode', 'dirent', 'xattr')
        ) b
        group by b.area, b.op_from, b.ino, b.parent, b.id
        having not (bool_or(not b.here) and count(*) filter (where b.here) = 1
            and max(b.op_to) filter (where b.here) is not distinct from max(b.op_to) filter (where not b.here))
    ), found as (
        select c.area, c.op_from, case when c.area in ('op', 'actor') then null else c.ino end as ino, c.here, c.linked, min(c.ino) over w as of
        from compared c
        where not (c.linked and c.here = 0 and case
            when c.area in ('op', 'actor') then c.op_from < (select l.begins from log l)
            else coalesce(c.linked_to, thule_internal.present()) <= (select h.horizon from head h) or exists (
                select from gone g
                where g.ino = case when c.area = 'dirent' and g.op < thule_internal.present() then c.parent else c.ino end
                    and coalesce(c.linked_to, thule_internal.present()) <= g.op) end)
        window w as (partition by c.area, c.op_from)
    )
    select f.op_from as op, f.area, min(f.of) as ino,
        case f.area when 'op' then format('op %s in thule.op', f.op_from)
            when 'actor' then format('process %s in thule.actor', f.op_from)
            else format('a version of inode %s in thule.%s or thule.%s_history, since op %s,', f.ino, f.area, f.area, f.op_from) end
        || case when bool_or(f.here > 1) then ' is there more than once'
            when bool_or(not f.linked) and bool_or(f.here = 0) then ' was altered'
            when bool_or(not f.linked) then ' was put in later'
            when bool_or(f.here = 0) then ' was removed'
            else ' has another end than it had' end as what
    from found f
    group by f.area, f.op_from, f.ino;
end;
