-- thule show: an op, the last one at an instant ($1, as people type it), with what is known of who did it. $2 who asks, where it is a user at the
-- door, or null: an op that he may see.
select row_to_json(c) as json, c.op,
    to_char(c.at, 'YYYY-MM-DD HH24:MI:SS.MS TZH:TZM') as time,
    c.kind,
    c.path || coalesce(' -> ' || c.new_path, '') || coalesce(' [' || c.xattr || ']', '') as path,
    c.ino, c.off, c.len,
    coalesce(c.username, c.uid::text) as user,
    c.pid,
    thule_internal.exe_shown(c.exe, c.exe_seen, c.exe_deleted, c.incomplete) as exe,
    nullif(c.cmdline, '') as cmdline, nullif(c.cwd, '') as cwd, nullif(c.chain, '') as started_by, nullif(c.unit, '') as unit, c.host, c.tag,
    case when c.deferred then 'the kernel did it later, for this process' end as deferred,
    thule_internal.is_kept(c.op - 1) as kept
from (
    select case when thule_internal.typed_op($1::text) is null then thule.instant_op($1)
            else least(thule_internal.typed_op($1), thule_internal.present())::bigint end as op offset 0
) w
cross join lateral (select a.* from thule.change a where a.op = w.op offset 0) a
cross join lateral thule_internal.viewed_change(a, $2::bigint[]) c
where $2 is null or thule_internal.sees_op(w.op, $2)
