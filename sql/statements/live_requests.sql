-- $1 mount; its requests that wait are now those of the arrays, a column each.
with gone as (
    delete from thule.live_request
    where mount = $1::bigint and request <> all ($2::bigint[])
)
insert into thule.live_request as l (mount, request, operation, ino, name, pid, comm, uid, state, waits_for, since)
select $1::bigint, r.*
from unnest($2::bigint[], $3::text[], $4::bigint[], $5::bytea[], $6::integer[], $7::text[], $8::bigint[], $9::text[],
    $10::text[], $11::timestamptz[]) as r (request, operation, ino, name, pid, comm, uid, state, waits_for, since)
on conflict (mount, request) do update
    set state = excluded.state, waits_for = excluded.waits_for, since = excluded.since
