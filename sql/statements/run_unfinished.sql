-- Atomic runs without an end: id, pid and start time of their keeper, whether it belongs to host $1 booted as $2.
select id, pid, start_time, host = $1::text and boot_id = $2::text from thule.run where ended_at is null order by started_at
