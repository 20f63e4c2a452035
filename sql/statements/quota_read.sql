-- The quotas, and what is used of them: kind as in thule.quota.
select q.kind, q.id, q.bytes_limit, q.inodes_limit, u.bytes, u.inodes, q.history_limit,
    coalesce(u.history_bytes, 0)
from thule.quota q
join thule.quota_usage u on u.id = q.id and u.kind = (array['user', 'group', 'tree'])[q.kind + 1]
