-- How far ids are used, for a session that has the lease, or has it back; when the last op was, microseconds, 0: the log lacks it; and the last request
-- that was performed.
select s.next_op, s.next_ino, s.next_blob, coalesce((select (extract(epoch from o.at) * 1000000)::bigint from thule.op o where o.op = s.next_op - 1), 0),
    coalesce((select q.id from thule.request q where q.done_at is not null order by q.id desc limit 1), 0)
from thule.superblock s order by s.next_op desc limit 1
