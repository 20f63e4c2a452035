-- How far request $1 is: done; error; result; whether anybody holds the lease, or follows who had it and is about to take it; and who, for
-- people; and how far that is (thule_internal.progress), in percent, or null.
select q.done_at is not null, q.error, q.result::text, l.pid is not null or exists (select from thule_internal.mounts_live()),
    coalesce((select format('the mount at %s on host %s', m.mountpoint, m.host)
        from thule.mount m where m.backend = l.pid and m.ended_at is null and not m.read_only order by m.id desc limit 1),
        'the session that holds the lease'),
    (select substring(a.application_name from ' (\d+)%$') from pg_stat_activity a where a.pid = l.pid)
from thule.request q
cross join thule.lease_holder() l (pid)
where q.id = $1::bigint
