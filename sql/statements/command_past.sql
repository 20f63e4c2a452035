-- Opens the past: an instant ($1, as people type it; null: the present) and a path, escaped ($2) or else in bytes ($3), become an op, an
-- inode (null: there was no such path; an error where that cannot be told any more), its kind and the path as SQL has it. What
-- the path led to is its own target, if a link; why there is nothing; and where it went on outside of the filesystem.
-- $4 the inode where the kernel's part of the path ends, $5 the rest of it in bytes, $6 the inode that is mounted, $7 where the whole
-- filesystem is mounted, as thule_internal.walk_typed takes them, each or null; $8 whether to follow a link at the end; $9 who asks, where
-- it is a user at the door, or null.
select a.op, case when i.ino is null then thule_internal.check_kept(coalesce(nullif(w.place, ''), '/'), a.op) else i.ino end,
    thule.mode_kind(i.mode), coalesce(nullif(w.place, ''), '/'), thule.escape_name(i.target), w.problem, w.outside
from (
    select coalesce(thule.instant_op($1::text), (select o.op from thule.op o order by o.op desc limit 1)) as op,
        coalesce($2::text, thule.escape_name($3::bytea)) as path
) a
cross join lateral thule_internal.walk_typed(a.path, a.op, $8::boolean, $9::bigint[], $4::bigint, $6::bigint, $5::bytea, $7::bytea[]) w
left join lateral thule_internal.inode_at_op(w.ino, a.op) i on true
