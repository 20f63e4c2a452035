-- The last op that is committed, and the last request that was performed, for a mount that follows another; and the server's time, microseconds.
select s.next_op - 1, coalesce((select q.id from thule.request q where q.done_at is not null order by q.id desc limit 1), 0),
    (extract(epoch from clock_timestamp()) * 1000000)::bigint
from thule.superblock s order by s.next_op desc limit 1
