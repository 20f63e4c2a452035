-- $1 mount; its locks are now those of the arrays, a column each.
with gone as (
    delete from thule.live_lock where mount = $1::bigint
)
insert into thule.live_lock (mount, ino, kind, writes, waiting, first_byte, last_byte, pid, comm)
select $1::bigint, r.ino, r.kind, r.writes = 1, r.waiting = 1, r.first_byte, r.last_byte, r.pid, r.comm
from unnest($2::bigint[], $3::smallint[], $4::smallint[], $5::smallint[], $6::bigint[], $7::bigint[], $8::integer[],
    $9::text[]) as r (ino, kind, writes, waiting, first_byte, last_byte, pid, comm)
