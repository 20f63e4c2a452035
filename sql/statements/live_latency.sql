-- $1 mount; how long its operations took is now what the arrays say, a column each.
insert into thule.live_latency as l (mount, operation, phase, part, count, total_ns, p50_ns, p90_ns, p99_ns, max_ns, at)
select $1::bigint, r.*, clock_timestamp()
from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])
    as r (operation, phase, part, count, total_ns, p50_ns, p90_ns, p99_ns, max_ns)
on conflict (mount, operation, phase) do update
    set count = excluded.count, total_ns = excluded.total_ns, p50_ns = excluded.p50_ns, p90_ns = excluded.p90_ns, p99_ns = excluded.p99_ns,
        max_ns = excluded.max_ns, at = excluded.at
