-- One name ($3) of a directory ($1) as of an op ($2), with its inode, whose number is null when there was no such name,
-- or when what it was then has been pruned; what of now guards the directory;
-- whose that version of the inode is (thule_internal.past_owner); and the number as the name has it.
-- No row: that state was pruned.
select i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns,
       i.btime_ns, i.flags, i.xattrs, i.project, i.target, g.stricter::integer, g.guard,
       thule_internal.past_owner(e.ino, $2::bigint, false), e.ino
from thule_internal.guard($1::bigint, $2::bigint) g
left join (
    (select d.ino from thule.dirent d where d.parent = $1::bigint and d.name = $3::bytea and d.op_from <= $2::bigint
     order by d.op_from desc limit 1)
    union all
    select h.ino
    from (
        select d.ino, d.op_to from thule.dirent_history d where d.parent = $1::bigint and d.name = $3::bytea and d.op_from <= $2::bigint
        order by d.op_from desc limit 1
    ) h
    where h.op_to > $2::bigint
) e on true
left join lateral thule_internal.inode_at_op(e.ino, $2::bigint) i on true
where thule_internal.is_kept($2::bigint)
