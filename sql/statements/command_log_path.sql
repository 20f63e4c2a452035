-- thule log PATH: the newest changes first, of the files that last had the paths before $2; of directories, of all
-- that was below them. Each parameter may be null, which selects everything.
-- $1 since, $2 until: instants; $3 user: name or uid; $4 pid; $5 exe: path or its last part; $6 tag;
-- $7 kind; $8 how many; $9 whether the first column is wanted; $10 paths, escaped, and $11 more of them, as bytes; $12 whether a
-- directory is meant alone; $13 whether the inodes in whose place a file came count; $14 an op, only those before it; $15 who asks, where it is a user at the door (thule_internal.permits), or null.
-- The ops are chosen before paths are worked out, since below a directory there may be many; in arrays, of which the planner expects a few rows: it goes
-- by the index of ops, and makes the path of a directory once (thule_internal.directory_span).
with found as (
    select array_agg(q.op::bigint) as ops, array_agg(q.in_place_of) as earlier
    from (
        select o.op, l.in_place_of
        from (
            select l.op, max(l.in_place_of) as in_place_of
            from (select unnest($10::text[]) union select thule.escape_name(b.path) from unnest($11::bytea[]) b (path)) p (path)
            cross join lateral thule_internal.log_ops(p.path, coalesce((select thule_internal.op_until($2::text)), thule_internal.present()),
                $12::boolean, $13::boolean) l
            group by l.op
        ) l
        cross join lateral (select x.op, x.kind, x.actor, x.tag from thule.op x where x.op = l.op offset 0) o
        left join thule.op_kind k on k.id = o.kind
        left join thule.actor p on p.id = o.actor
        where o.op > coalesce((select thule_internal.op_before($1::text)), 0)
            and o.op < coalesce($14::bigint, thule_internal.present())
            and ($3::text is null or p.username = $3 or p.uid::text = $3)
            and ($4::integer is null or p.pid = $4)
            and ($5::text is null or p.exe = $5 or right(p.exe, length($5) + 1) = '/' || $5)
            and ($6::text is null or o.tag = $6)
            and ($7::text is null or k.name = $7)
            and ($15::bigint[] is null or thule_internal.sees_op(o.op, $15))
        order by o.op desc
        limit $8::bigint
    ) q
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
