-- thule log PATH: the newest changes first, of the files that last had the paths before $2; of directories, of all
-- that was below them. Each parameter may be null, which selects everything.
-- $1 since, $2 until: instants; $3 user: name or uid; $4 pid; $5 exe: path or its last part; $6 tag;
-- $7 kind; $8 how many; $9 whether the first column is wanted; $10 paths, escaped, and $11 more of them, as bytes; $12 whether a
-- directory is meant alone; $13 whether the inodes in whose place a file came count; $14 an op, only those before it; $15 who asks, where it is a user at the door (thule_internal.permits), or null.
-- The ops are chosen before paths are worked out, since below a directory there may be many; in arrays, of which the planner expects a few rows: it goes
-- by the index of ops, and makes the path of a directory once (thule_internal.directory_span).
with found as (
    select array_agg(l.op) as ops, array_agg(l.in_place_of) as earlier
    from (
        select array(select unnest($10::text[]) union select thule.escape_name(b.path) from unnest($11::bytea[]) b (path)) as paths,
            coalesce((select thule_internal.op_until($2::text)), thule_internal.present()) as upto
    ) a
    cross join lateral thule_internal.log_newest(a.paths, a.upto, $12::boolean, $13::boolean, coalesce((select thule_internal.op_before($1::text)), 0),
        least(a.upto, coalesce($14::bigint, thule_internal.present()) - 1), $3::text, $4::integer, $5::text, $6::text, $7::text, $15::bigint[],
        $8::bigint) l
)
select case when $9::boolean then row_to_json(c) end as json,
    c.op,
    to_char(c.at, 'YYYY-MM-DD HH24:MI:SS.MS TZH:TZM') as time,
    coalesce(c.username, c.uid::text) as user,
    c.pid,
    thule_internal.exe_shown(c.exe, c.exe_seen, c.exe_deleted, c.incomplete) as exe,
    c.kind,
    c.path || coalesce(' -> ' || c.new_path, '') || coalesce(' [' || c.xattr || ']', '')
        || coalesce(' (in place of inode ' || s.in_place_of || ')', '') as path
from found f
cross join unnest(f.ops, f.earlier) s (op, in_place_of)
join thule.change a on a.op = s.op
cross join lateral thule_internal.viewed_change(a, $15) c
order by s.op desc;
