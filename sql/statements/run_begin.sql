-- An atomic run begins: $1 id, $2 tag, $3 command, $4 its keeper, with the columns of thule.actor, $5 and $6 the pid and the time
-- namespace that it is in. No row: nobody could tell what it changed. The daemon is told, so that it watches the keeper.
insert into thule.run (id, tag, command, host, boot_id, pid, pid_ns, start_time, time_ns)
select $1::text, $2::text, $3::text, a.host, a.boot_id, a.pid, $5::bigint, a.start_time, $6::bigint
from jsonb_populate_record(null::thule.actor, $4::jsonb) a
where thule_internal.actor_detail() <> 'off'
returning id, pg_notify('thule_request', '')
