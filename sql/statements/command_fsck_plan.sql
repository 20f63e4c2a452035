-- thule fsck --repair: what would be done about what is wrong. $1: whether the first column is wanted, $2: null, or the findings as JSON.
select case when $1::boolean then to_jsonb(f) end as json,
    f.check_id as check,
    coalesce(f.ino::text, '-') as ino,
    f.detail,
    f.repair
from thule_internal.check_all() f
where $2::jsonb is null
union all
select case when $1::boolean then to_jsonb(f) end, f.check_id, coalesce(f.ino::text, '-'), f.detail, f.repair
from jsonb_populate_recordset(null::thule.fsck, $2::jsonb) f
order by 2, 3;
