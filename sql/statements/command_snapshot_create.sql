-- thule snapshot create: $1 name, $2 by whom, $3 instant, null: now.
select name, op, to_char(at, 'YYYY-MM-DD HH24:MI:SS.US TZH:TZM') as at
from thule_internal.snapshot_create($1::text, $2::text, $3::text)
