-- thule restore --dry-run: $1 the arguments of thule.restore_plan, $2 whether the first column is wanted.
select case when $2::boolean then row_to_json(p) end as json, p.action, p.path, p.detail
from thule.restore_plan($1::jsonb) p
