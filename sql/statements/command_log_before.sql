-- thule log PATH: what its log leaves out. $1 the path, escaped, or else $2 as bytes; $3 until, $4 whether the inodes in whose place the file came are in the
-- log, as for command_log_path; $5 as $15 there. One row: until which op another file had the path (null: none ever had), and the op before which names were
-- pruned, where that may be why the log does not go on (null: it is not).
with file as materialized (
    select c.*
    from (
        select p.path, coalesce(thule_internal.op_until($3::text), thule_internal.present()) as upto, thule_internal.path_names(p.path) as names
        from (select coalesce($1::text, thule.escape_name($2::bytea)) as path) p
    ) a
    cross join lateral (
        select t.ino from thule_internal.led_at(a.path) t where t.op_from <= a.upto order by t.op_from < a.upto desc, t.op_to desc limit 1
    ) shown
    cross join lateral thule_internal.file_chain(shown.ino, a.names[cardinality(a.names)], a.upto) c
    where $4::boolean or c.step = 0
)
select max(n.op_to) filter (where n.op_to <= f.until), max(s.pruned_op) filter (where f.pruned)
from (select f.* from file f order by f.step desc limit 1) f
cross join thule.superblock s
left join thule_internal.led_at(coalesce($1::text, thule.escape_name($2::bytea))) n
    on n.ino not in (select e.ino from file e) and thule_internal.is_own(n.ino, $5::bigint[])
where thule_internal.is_own(f.ino, $5::bigint[])
