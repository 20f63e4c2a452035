-- thule df --snapshots: what each snapshot alone keeps, which the next prune frees once it is deleted; the oldest instant first. Of several snapshots
-- of one instant each has what they keep together. $1: whether the first column is wanted.
with own as (
    select c.first_snapshot as nth, sum(c.bytes)::bigint as bytes, sum(c.stored)::bigint as stored
    from thule_internal.content_size() c
    where c.first_snapshot = c.last_snapshot
    group by c.first_snapshot
), snapshot as (
    select s.name, s.op, s.at, dense_rank() over (order by s.op) as nth from thule.snapshot s
)
select case when $1::boolean then json_build_object('name', s.name, 'op', s.op, 'at', s.at, 'bytes', coalesce(o.bytes, 0),
        'stored_bytes', coalesce(o.stored, 0)) end as json,
    s.name as snapshot,
    to_char(s.at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') as at,
    pg_size_pretty(coalesce(o.bytes, 0)) as "bytes of files",
    pg_size_pretty(coalesce(o.stored, 0)) as stored
from snapshot s
left join own o on o.nth = s.nth
order by s.op, s.name
