-- thule hold --list: with the path that it has now. $1: whether the first column is wanted.
select case when $1::boolean then row_to_json(h) end as json,
    to_char(h.created, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') as since,
    h.by,
    h.path,
    coalesce(h.path_now, '(gone)') as "path now",
    coalesce(h.reason, '') as reason
from (
    select h.ino, h.path, thule.path(h.ino) as path_now, h.created, h.by, h.reason from thule.hold h
) h
order by h.created
