-- $1 mount; $2 its handles that were closed; the others are arrays, a column each, of those that are to be shown.
with gone as (
    delete from thule.live_handle where mount = $1::bigint and fh = any ($2::bigint[])
)
insert into thule.live_handle (mount, fh, ino, flags, pid, comm, actor, since)
select $1::bigint, r.fh, r.ino, r.flags, r.pid, r.comm, r.actor, r.since
from unnest($3::bigint[], $4::bigint[], $5::integer[], $6::integer[], $7::text[], $8::bigint[], $9::timestamptz[])
    as r (fh, ino, flags, pid, comm, actor, since)
