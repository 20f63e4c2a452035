-- thule fsck: what is wrong with the filesystem. $1: whether the first column is wanted.
select case when $1::boolean then row_to_json(f) end as json,
    f.severity,
    f.check_id as check,
    coalesce(f.ino::text, '-') as ino,
    f.detail
from thule_internal.check_all() f
order by f.check_id, f.ino;
