-- thule blame: who wrote the bytes of a file ($1) as of an op ($2), by offset. $3 who asks, where it is a user at the door, or
-- null: of his own file, with the command lines of his own processes.
select row_to_json(b) as json,
    b.off, b.len, b.op,
    to_char(b.at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') as time,
    coalesce(b.username, b.uid::text) as user,
    b.pid, b.exe, b.cmdline
from (
    select c.off, c.len, c.op, c.at, c.uid, c.username, c.pid, c.exe,
        case when $3::bigint[] is null or c.uid = ($3)[1] then c.cmdline end as cmdline
    from thule_internal.blame_at_op($1::bigint, $2::bigint) c
    where thule_internal.check_viewer($1::bigint, $2::bigint, null, $3)
) b
