-- thule log -p: of ops ($1), the latest first: the process that made each, the inode, the next op that anybody did to that (null: none), and whether the
-- state before it is kept. $2 who asks, where it is a user at the door, or null: of what he sees.
select o.op, o.actor, o.ino, (select n.op from thule.op n where n.ino = o.ino and n.op > o.op order by n.op limit 1) as next,
    thule_internal.is_kept(o.op - 1) as kept
from unnest($1::bigint[]) a (op)
join thule.op o on o.op = a.op
where $2::bigint[] is null or thule_internal.sees_op(o.op, $2)
order by o.op desc
