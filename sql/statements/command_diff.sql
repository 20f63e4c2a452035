-- thule diff: what differs between the states after two ops ($1, $2) at or below a path, escaped ($3) or else in bytes ($4) or
-- null. $5: whether the first column is wanted.
select case when $5::boolean then row_to_json(d) end as json,
    d.change,
    coalesce(array_to_string(d.what, ','), d.kind) as what,
    coalesce(d.username, d.uid::text) as user,
    d.pid,
    d.exe,
    to_char(d.at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') as time,
    coalesce(d.old_path || ' -> ', '') || d.path as path
from thule.diff_ops($1, $2, coalesce($3::text, thule.escape_name($4::bytea))) d
