-- The same as follow_look.sql; and asks the mount with the lease, as mount $1, by a question of this number ($2; null: not again), to commit what it has acknowledged, and
-- to have closes wait. The columns behind: whether there is nothing for it to commit, and whether the session of process $3 is a daemon's. Nobody waits for its flush.
select s.next_op - 1, coalesce((select q.id from thule.request q where q.done_at is not null order by q.id desc limit 1), 0),
    (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    thule_internal.lease_settled($1::bigint),
    exists (select from pg_stat_activity a where a.pid = $3::integer and thule_internal.role_may_write(a.usesysid)),
    set_config('synchronous_commit', 'off', true),
    case when $2::bigint is not null and pg_notification_queue_usage() < 0.5 then pg_notify('thule_open', $1::text || ' ' || $2::bigint) end
from thule.superblock s order by s.next_op desc limit 1
