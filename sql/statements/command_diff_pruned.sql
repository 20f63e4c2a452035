-- thule diff: how many files had a name after either op ($1, $2), at or below a path ($3, or else $4; null: anywhere), of which
-- nobody knows any more what they were, because they were pruned by themselves; and from when on that is known. $5 who asks, where it is
-- a user at the door, or null.
select count(*), concat_ws(' ', max(o.at)::timestamptz(0), '(op:' || max(p.op) || ')')
from (values (least($1::bigint, $2::bigint), greatest($1, $2), coalesce($3::text, thule.escape_name($4::bytea))))
    a (since, until, path)
join thule.pruned_inode p on p.op > a.since
left join thule.op o on o.op = p.op
where (a.path is null or p.ino in (select thule.inodes_under(thule_internal.real_path(a.path, a.until))))
    and ($5::bigint[] is null or thule_internal.is_own(p.ino, $5))
    and exists (
        select from (values (a.since), (a.until)) t (op)
        where p.op > t.op and not exists (select from thule_internal.inode_at_op(p.ino, t.op))
            and (exists (select from thule.dirent d where d.ino = p.ino and d.op_from <= t.op)
                or exists (select from thule.dirent_history d where d.ino = p.ino and d.op_from <= t.op and d.op_to > t.op)))
