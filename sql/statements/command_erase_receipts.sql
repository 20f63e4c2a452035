-- thule erase --list. $1: whether the first column is wanted.
select case when $1::boolean then row_to_json(r) end as json,
    r.id as receipt,
    to_char(r.erased_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') as erased,
    r.by,
    r.versions,
    r.bytes,
    coalesce(left(encode(r.sha256, 'hex'), 16), '-') as sha256,
    r.path
from thule.receipt r
order by r.id
