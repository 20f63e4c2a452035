-- thule df: what takes the room of the database, and how much a prune would free. $1: whether the first column is wanted; $2 the age that the
-- prune would keep, or null.
with usage as materialized (
    select u.what, u.bytes, u.stored_bytes, u.table_bytes, u.stored_bytes + u.table_bytes as total_bytes from thule.space_usage u
), line as (
    select u.what, u.bytes, u.stored_bytes, u.table_bytes, u.total_bytes,
        array_position(array['present', 'snapshots', 'history', 'log', 'other'], u.what) as place
    from usage u
    union all
    select 'total', sum(u.bytes), sum(u.stored_bytes), sum(u.table_bytes), sum(u.total_bytes), 6 from usage u
    union all
    select format('prune --keep %s frees', $2::text), p.bytes, null, null, null, 7
    from thule_internal.prune_preview(thule_internal.prune_horizon($2::text, null, null), null) p
    where $2::text is not null
)
select case when $1::boolean then json_strip_nulls(json_build_object('what', l.what, 'bytes', l.bytes, 'stored_bytes', l.stored_bytes,
        'table_bytes', l.table_bytes, 'total_bytes', l.total_bytes)) end as json,
    l.what,
    pg_size_pretty(l.bytes) as "bytes of files",
    coalesce(pg_size_pretty(l.stored_bytes), '') as stored,
    coalesce(pg_size_pretty(l.table_bytes), '') as tables,
    coalesce(pg_size_pretty(l.total_bytes), '') as total
from line l
order by l.place
