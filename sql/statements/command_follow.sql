-- thule log --follow: the next changes after op $1, at most $2 of them, with whether they are wanted: those of
-- user $3 (name or uid), pid $4, exe $5 (path or its last part), tag $6, kind $7, at or under a path: $8 escaped, or
-- else $9 as bytes. $10: whether the column json is; $11 who asks, where it is a user
-- at the door, or null: of what is not for him there is the op alone. The last columns are for programs.
select f.op,
    coalesce(s.seen and ($3::text is null or c.username = $3 or c.uid::text = $3)
        and ($4::integer is null or c.pid = $4)
        and ($5::text is null or c.exe = $5 or right(c.exe, length($5) + 1) = '/' || $5)
        and ($6::text is null or c.tag = $6)
        and ($7::text is null or c.kind = $7)
        and (p.path is null or p.path = '' or c.path = p.path or starts_with(c.path, p.path || '/')
            or c.new_path = p.path or starts_with(c.new_path, p.path || '/')), false) as wanted,
    case when $10::boolean then row_to_json(c) end as json,
    to_char(c.at, 'YYYY-MM-DD HH24:MI:SS.MS TZH:TZM') as time,
    coalesce(c.username, c.uid::text) as user,
    c.pid,
    thule_internal.exe_shown(c.exe, c.exe_seen, c.exe_deleted, c.incomplete) as exe,
    c.kind,
    c.path || coalesce(' -> ' || c.new_path, '') || coalesce(' [' || c.xattr || ']', '') as path,
    c.path as named,
    c.new_path,
    c.tag
from thule.feed($1::bigint, $2::integer) f
cross join lateral (select $11::bigint[] is null or thule_internal.sees_op(f.op, $11)) s (seen)
left join lateral thule_internal.viewed_change(f, $11) c on s.seen
cross join (
    select rtrim(coalesce($8::text, thule.escape_name($9::bytea)), '/') as path
) p
order by f.op
