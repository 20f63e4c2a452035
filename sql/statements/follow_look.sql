-- The last op that is committed, and the last request that was performed, for a mount that follows another.
select s.next_op - 1, coalesce((select q.id from thule.request q where q.done_at is not null order by q.id desc limit 1), 0)
from thule.superblock s order by s.next_op desc limit 1
