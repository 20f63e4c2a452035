-- thule log PATH: the newest changes first, of the file that last had the path before $2. Each parameter may be null, which selects everything.
-- $1 since, $2 until: instants; $3 user: name or uid; $4 pid; $5 exe: path or its last part; $6 tag;
-- $7 kind; $8 how many; $9 whether the first column is wanted; $10 the path, escaped, or else $11: as bytes;
-- $12 who asks, where it is a user at the door (thule.permits), or null.
select case when $9::boolean then row_to_json(c) end as json,
    c.op,
    to_char(c.at, 'YYYY-MM-DD HH24:MI:SS.MS TZH:TZM') as time,
    coalesce(c.username, c.uid::text) as user,
    c.pid,
    thule.exe_shown(c.exe, c.exe_seen, c.exe_deleted, c.incomplete) as exe,
    c.kind,
    c.path || coalesce(' -> ' || c.new_path, '') || coalesce(' [' || c.xattr || ']', '') as path
from (
    select *
    from thule.log(coalesce($10::text, thule.escape_name($11::bytea)),
        coalesce((select thule.op_until($2::text)), 9223372036854775807))
    where op > coalesce((select thule.op_before($1::text)), 0)
        and ($3::text is null or username = $3 or uid::text = $3)
        and ($4::integer is null or pid = $4)
        and ($5::text is null or exe = $5 or right(exe, length($5) + 1) = '/' || $5)
        and ($6::text is null or tag = $6)
        and ($7::text is null or kind = $7)
        and ($12::bigint[] is null or thule.sees_op(op, $12))
    order by op desc
    limit $8::bigint
) a
cross join lateral thule.viewed_change(a, $12) c
order by c.op desc;
