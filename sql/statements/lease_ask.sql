-- Has the mount with the lease look for who asks for it (lease_move.sql), once this is committed. A NOTIFY fails where the server's queue is full.
-- Nobody waits for its flush.
select set_config('synchronous_commit', 'off', true), pg_notify('thule_turn', '')
where pg_notification_queue_usage() < 0.5
