-- thule log: where the clock was set back, the newest first, at most five times. $1 since, $2 until: instants, or null.
select s.op, to_char(s.was, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') as was, to_char(s.at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') as at
from thule.clock_step s
where s.op > coalesce((select thule_internal.op_before($1::text)), 0)
    and s.op <= coalesce((select thule_internal.op_until($2::text)), thule_internal.present())
order by s.op desc limit 5
