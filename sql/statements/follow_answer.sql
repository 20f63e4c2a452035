-- Answers questions of follow_ask.sql, $2, where mount $1 has the lease; $3: 1 where closes wait from now on. Nobody waits for its flush.
select set_config('synchronous_commit', 'off', true), pg_notify('thule_opened', q.question || ' ' || $3::text)
from unnest($2::text[]) q(question)
where $1::bigint in (select thule_internal.mount_alive()) and pg_notification_queue_usage() < 0.5
