-- Where a filesystem ends. Columns: last op, its time, uuid.
select s.next_op - 1, (select o.at from thule.op o order by o.op desc limit 1), s.uuid
from thule.superblock s
order by s.next_op desc
limit 1
