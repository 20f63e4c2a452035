-- thule grant list. $1: whether the first column is wanted.
select case when $1::boolean then row_to_json(r) end as json,
    r.role,
    r.kind,
    coalesce(r.uid::text, '-') as uid,
    coalesce(r.gid::text, '-') as gid,
    coalesce(nullif(array_to_string(r.groups, ','), ''), '-') as groups,
    to_char(r.set_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') as set,
    r.set_by as by
from thule.role r
order by r.role
