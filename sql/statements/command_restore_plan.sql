-- thule restore --dry-run: $1 the arguments of thule_internal.restore_plan, $2 whether the first column is wanted.
select case when $2::boolean then row_to_json(p) end as json,
    case when p.conflict then 'LEAVE ' || p.action else p.action end as action, p.path,
    concat_ws(' by ', p.detail, p."by") as detail
from thule_internal.restore_plan($1::jsonb) p
