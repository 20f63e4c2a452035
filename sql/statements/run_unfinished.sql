-- Atomic runs without an end: id, pid, its namespace and start time of their keeper, whether it belongs to the host that booted as $1,
-- in the time namespace $2.
select id, pid, pid_ns, start_time, boot_id = $1::text and time_ns = $2::bigint
from thule.run
where ended_at is null
order by started_at
