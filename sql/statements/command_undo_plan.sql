-- thule undo --dry-run: $1 the arguments of thule_internal.undo_plan, $2 whether the first column is wanted; $3 who asks,
-- where it is a user at the door, or null.
select case when $2::boolean then row_to_json(p) end as json,
    case when p.conflict then 'LEAVE ' || p.action else p.action end as action, p.path,
    concat_ws(' by ', p.detail, p."by") as detail
from thule_internal.undo_plan(thule_internal.viewer_args($1::jsonb, $3::bigint[])) p
