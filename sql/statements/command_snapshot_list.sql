-- thule snapshot list: oldest instant first. $1: whether the first column is wanted.
select case when $1::boolean then row_to_json(s) end as json,
    s.name,
    s.op,
    to_char(s.at, 'YYYY-MM-DD HH24:MI:SS.MS TZH:TZM') as at,
    s.created_by as "created by"
from thule.snapshot s
order by s.op, s.name
