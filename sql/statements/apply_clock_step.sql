-- Where the clock was set back. $1 the first op after it, $2 its time.
insert into thule.clock_step (op, at, was)
select r.op, r.at, (select o.at from thule.op o where o.op < r.op order by o.op desc limit 1)
from unnest($1::bigint[], $2::timestamptz[]) as r (op, at)
