-- thule fsck: what is wrong with the filesystem, and who wrote the row that is. $1: whether the first column is wanted.
select case when $1::boolean then jsonb_build_object('check_id', f.check_id, 'severity', f.severity, 'ino', f.ino, 'detail', f.detail,
        'op', f.op, 'by', thule_internal.op_by(f.op), 'at', (select o.at from thule.op o where o.op = f.op), 'repair', f.repair) end as json,
    f.severity,
    f.check_id as check,
    coalesce(f.ino::text, '-') as ino,
    coalesce('op ' || f.op || coalesce(' of ' || thule_internal.op_by(f.op), ''), '-') as written_by,
    f.detail
from thule_internal.check_all() f
order by f.check_id, f.ino;
