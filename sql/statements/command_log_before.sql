-- thule log PATH: until which op the path, $1 escaped or else $2 as bytes, was that of another file than the one whose log is shown
-- ($3 as for command_log_path: until); $4 as $14 there. Null: it never was.
select max(n.op_to)
from (
    select a.path, coalesce(thule_internal.op_until($3::text), thule_internal.present()) as upto
    from (select coalesce($1::text, thule.escape_name($2::bytea)) as path) a
) a
cross join lateral thule_internal.led_at(a.path) n
cross join lateral (
    select t.ino from thule_internal.led_at(a.path) t where t.op_from <= a.upto order by t.op_from < a.upto desc, t.op_to desc limit 1
) shown
where n.ino <> shown.ino and n.op_to <= a.upto
    and ($4::bigint[] is null or thule_internal.is_own(n.ino, $4) and thule_internal.is_own(shown.ino, $4))
