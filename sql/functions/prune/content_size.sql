-- Tells of the bytes of files who needs them: a blob that the present refers to belongs to it, whoever else refers to it; else the
-- past needs it.
-- Returns: rows, one for each blob: bytes, as many as were written; stored, as the server keeps them, compressed; needed_by: present,
--   snapshots, history, or null for a blob that nothing refers to; and of those of snapshots the first and the last one that needs it,
--   by the order of their ops, from 1 on.
-- Tables touched: blob, extent, extent_history, snapshot (read, as a whole).
create function thule_internal.content_size() returns table (bytes bigint, stored bigint, needed_by text, first_snapshot integer, last_snapshot integer)
language sql stable parallel safe
begin atomic
    with snapshot as (
        select array(select distinct s.op from thule.snapshot s order by s.op) as ops
    ), now_needed as (
        select distinct e.blob from thule.extent e
    ), past as (
        -- width_bucket counts the snapshots up to an op: between the ends of a version are those that show it.
        select v.blob, min(v.before + 1) filter (where v.upto > v.before) as first_snapshot,
            max(v.upto) filter (where v.upto > v.before) as last_snapshot
        from (
            select h.blob, width_bucket(h.op_from - 1, s.ops) as before, width_bucket(h.op_to - 1, s.ops) as upto
            from thule.extent_history h
            cross join snapshot s
        ) v
        group by v.blob
    )
    select octet_length(b.data) as bytes, pg_column_size(b.data) as stored,
        case
            when n.blob is not null then 'present'
            when p.first_snapshot is not null then 'snapshots'
            when p.blob is not null then 'history'
        end as needed_by,
        case when n.blob is null then p.first_snapshot end as first_snapshot,
        case when n.blob is null then p.last_snapshot end as last_snapshot
    from thule.blob b
    left join now_needed n on n.blob = b.id
    left join past p on p.blob = b.id;
end;
