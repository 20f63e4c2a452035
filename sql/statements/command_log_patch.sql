-- thule log -p, thule show: what became of the files among some inodes ($3) from the state after one op ($1) to that after another ($2), as
-- thule_internal.patch_files has it. What is in a directory that was renamed counts. $4 who asks, where it is a user at the door, or null.
select f.*
from (
    with name as materialized (
        select n.ino, a.op, thule_internal.entry_path(n.parent, n.name, a.op) as path
        from (values ($1::bigint), ($2::bigint)) a (op)
        cross join unnest($3::bigint[]) i (ino)
        cross join lateral (
            select d.parent, d.name, d.ino from thule.dirent d where d.ino = i.ino and d.op_from <= a.op
            union all
            select d.parent, d.name, d.ino from thule.dirent_history d where d.ino = i.ino and d.op_from <= a.op and d.op_to > a.op
        ) n
    )
    select array(
        select n.path from name n
        union
        select b.path
        from name n
        join name o on o.ino = n.ino and o.op <> n.op and o.path <> n.path
        cross join lateral thule_internal.paths_below(n.path, n.ino, n.op) b (path)
    ) as paths
) p
cross join lateral thule_internal.patch_files(p.paths, $1::bigint, $2::bigint, $4::bigint[]) f
