-- thule prune: the op whose state is the oldest to be kept, its time, and whether anything before it is left to delete.
-- $1 keep, an age; $2 before, an instant; $3 size: in bytes.
select h.op,
    to_char((select o.at from thule.op o where o.op <= h.op order by o.op desc limit 1), 'YYYY-MM-DD HH24:MI:SS TZH:TZM') as at
from (
    select thule_internal.prune_horizon($1::text, $2::text, $3::bigint) as op
) h
