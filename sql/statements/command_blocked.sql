-- What a session of the server ($1, its process) waits for: a lock, and the first of the sessions that have it or will have it first. No row: for nothing
-- of that kind. Of sessions of another role, only a superuser is told the name.
select format('waits for %s (process %s of the server%s)%s',
    coalesce(nullif(a.application_name, ''), 'another session'), b.pid,
    coalesce(', at it for ' || date_trunc('second', clock_timestamp() - a.xact_start)::text, ''),
    coalesce(', which has a lock of ' || nullif(string_agg(distinct case when l.relation is not null then l.relation::regclass::text end, ', '), ''), ''))
from unnest(pg_blocking_pids($1::integer)) with ordinality b (pid, n)
left join pg_stat_activity a on a.pid = b.pid
left join pg_locks l on l.pid = $1::integer and not l.granted
group by b.pid, b.n, a.application_name, a.xact_start
order by b.n
limit 1
