-- thule blame: the inodes in whose place a file ($1), whose path is $2, escaped, came until an op ($3), the last one first: thule_internal.file_chain. Of each, from
-- step 1 on, the op whose state is the last that it was in that place, and whether that is kept; and whether what was before is not known because names
-- were pruned. $4 who asks, where it is a user at the door, or null: of his own files that he may read.
select c.step, c.ino, c.until - 1 as op,
    thule_internal.is_kept(c.until - 1) and exists (select from thule_internal.inode_at_op(c.ino, c.until - 1)) as kept, c.pruned
from thule_internal.path_names($2::text) p (names)
cross join lateral thule_internal.file_chain($1::bigint, p.names[cardinality(p.names)], $3::bigint) c
where c.step = 0 or thule_internal.is_own(c.ino, $4::bigint[]) and thule_internal.may_reach(c.ino, c.until - 1, 4, $4)
order by c.step
