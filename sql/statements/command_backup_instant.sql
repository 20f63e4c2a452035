-- The op of an instant that a restored database has, and the transaction before which recovery is to end, so that nothing is
-- there that was committed after that op. $1: the instant, as it was typed; $2: seconds since then. Columns: op, transaction
-- (null: the op was committed last).
with wanted as (
    select thule.instant_op(case when thule_internal.age_of($1::text) is null then $1::text
        else (thule.instant($1::text) - make_interval(secs => $2::double precision))::text end) as op
)
select w.op, n.xmin::text
from wanted w
left join lateral (select p.xmin from thule.op p where p.op <= w.op order by p.op desc limit 1) o on true
left join lateral (select p.xmin from thule.op p where p.op > w.op and p.xmin::text is distinct from o.xmin::text
    order by p.op limit 1) n on true
