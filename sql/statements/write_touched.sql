-- What others have changed after op $1, for caches; the columns are those of the table of thule_internal.perform(), and whether it is an inode that has
-- no name any more.
select t.ino, t.parent, t.name, false, exists (select from thule.inode i where i.ino = t.ino and i.nlink = 0)
from thule_internal.touched_since($1::bigint) t
