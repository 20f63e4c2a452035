-- thule log: the newest changes first. Each parameter may be null, which selects everything.
-- $1 since, $2 until: instants; $3 user: name or uid; $4 pid; $5 exe: path or its last part; $6 tag;
-- $7 kind; $8 how many; $9 whether the first column is wanted; $10 an op, only those before it; $11 who asks, where it is a user at the door
-- (thule_internal.permits), or null.
-- The limit keeps the paths from being worked out for more rows than are returned.
select case when $9::boolean then row_to_json(c) end as json,
    c.op,
    to_char(c.at, 'YYYY-MM-DD HH24:MI:SS.MS TZH:TZM') as time,
    coalesce(c.username, c.uid::text) as user,
    c.pid,
    thule_internal.exe_shown(c.exe, c.exe_seen, c.exe_deleted, c.incomplete) as exe,
    c.kind,
    c.path || coalesce(' -> ' || c.new_path, '') || coalesce(' [' || c.xattr || ']', '') as path
from (
    select *
    from thule.change
    where op > coalesce((select thule_internal.op_before($1::text)), 0)
        and op <= coalesce((select thule_internal.op_until($2::text)), thule_internal.present())
        and op < coalesce($10::bigint, thule_internal.present())
        and ($3::text is null or username = $3 or uid::text = $3)
        and ($4::integer is null or pid = $4)
        and ($5::text is null or exe = $5 or right(exe, length($5) + 1) = '/' || $5)
        and ($6::text is null or tag = $6)
        and ($7::text is null or kind = $7)
        and ($11::bigint[] is null or thule_internal.sees_op(op, $11))
    order by op desc
    limit $8::bigint
) a
cross join lateral thule_internal.viewed_change(a, $11) c
order by c.op desc;
