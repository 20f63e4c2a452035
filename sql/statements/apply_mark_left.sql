-- Before the first batch of mount $1 in a session: the superblock is about to say how far $1 went (thule_internal.applied_op), so what it
-- says of the mount that wrote before goes to the row of that one.
update thule.mount m set last_op = was.mount_op
from (select s.mount, s.mount_op from thule.superblock s order by s.next_op desc limit 1) was
where m.id = was.mount and was.mount <> $1::bigint and m.last_op < was.mount_op
