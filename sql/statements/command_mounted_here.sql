-- The device of the mount of this filesystem, read-write, on the host with boot id $1.
select device
from thule.mount
where boot_id = $1::text and ended_at is null and not read_only
order by id desc limit 1
