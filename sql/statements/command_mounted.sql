-- The daemon of the mount with the device $1 on the host with boot id $2: its pid, and whether it shows the past.
select pid, read_only
from thule.mount
where device = $1::bigint and boot_id = $2::text and ended_at is null
order by id desc limit 1
