-- Opens the past: an instant ($1, as people type it; null: the present) and a path, escaped ($2) or else in bytes ($3),
-- of somebody at the door ($4, or null), become an op, an inode (null: there was no such path; an error where that cannot be told any more), its kind and the path as SQL has it.
select a.op, case when i.ino is null then thule.check_kept(a.path, a.op) else i.ino end, thule.mode_kind(i.mode), a.path, thule.escape_name(i.target)
from (
    select coalesce(thule.instant_op($1::text), (select o.op from thule.op o order by o.op desc limit 1)) as op,
        coalesce($2::text, thule.escape_name($3::bytea)) as path
) a
left join lateral thule.inode_at_op(thule.resolve_as(a.path, a.op, $4::bigint[]), a.op) i on true
