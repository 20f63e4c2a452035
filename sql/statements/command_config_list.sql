-- thule config list. $1: whether the first column is wanted.
select case when $1::boolean then row_to_json(c) end as json,
    c.key,
    c.value,
    to_char(c.set_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') as set,
    c.set_by as by
from thule.config c
order by c.key
