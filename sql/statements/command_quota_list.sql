-- thule quota list. $1: whether the first column is wanted.
select case when $1::boolean then row_to_json(u) end as json,
    u.kind,
    u.name,
    pg_size_pretty(u.bytes) as used,
    coalesce(pg_size_pretty(u.bytes_limit), 'none') as "limit",
    u.inodes as files,
    coalesce(u.inodes_limit::text, 'none') as "limit of files",
    pg_size_pretty(u.history_bytes) as past,
    case when u.kind = 'user' then coalesce(pg_size_pretty(u.history_limit), 'none') end as "limit of past"
from thule.quota_usage u
order by array_position(array['user', 'group', 'tree'], u.kind), u.name
