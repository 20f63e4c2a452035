-- What others have changed after op $1, for caches; the columns are those of the table of thule_internal.perform(), and whether it is an inode that has
-- no name any more. A directory is revived that had no name then, or had gone with it.
-- Of whom the owner may be another, the names, which stay. offset 0: else a server that expects many may hash the whole table.
select t.ino, t.parent, t.name,
       coalesce(now.op_from > $1::bigint and now.nlink > 0 and thule_internal.is_directory(now.mode)
           and exists (select from thule.inode_history h where h.ino = t.ino and h.op_from <= $1::bigint offset 0)
           and not coalesce((select h.nlink > 0 and h.op_to > $1::bigint from thule.inode_history h where h.ino = t.ino and h.op_from <= $1::bigint
               order by h.op_from desc limit 1), false), false),
       false, coalesce(now.nlink = 0, false)
from thule_internal.touched_since($1::bigint) t
left join lateral (select i.nlink, i.mode, i.op_from from thule.inode i where i.ino = t.ino offset 0) now on true
union all
select null, d.parent, d.name, false, true, false
from (select distinct o.ino from (select o.ino, o.kind from thule.op o where o.op > $1::bigint order by o.op) o
    join thule.op_kind k on k.id = o.kind and k.sets_owner) c
cross join lateral (select d.parent, d.name from thule.dirent d where d.ino = c.ino offset 0) d
