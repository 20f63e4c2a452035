-- Wakes those who LISTEN to thule_change: $1 is the last op that is committed. thule.feed has what happened, so it is left out where it could
-- fail: the server's queue is full when a listener stays in one transaction for long. Nobody waits for its flush.
select set_config('synchronous_commit', 'off', true), pg_notify('thule_change', $1::text)
where pg_notification_queue_usage() < 0.5
