-- thule blame: who wrote the bytes of a file ($1) as of an op ($2), by offset.
select row_to_json(b) as json,
    b.off, b.len, b.op,
    to_char(b.at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') as time,
    coalesce(b.username, b.uid::text) as user,
    b.pid, b.exe, b.cmdline
from thule.blame_at_op($1::bigint, $2::bigint) b
