-- thule diff: the ops at two instants ($1, $2), as people type them.
select a, b
from (values (thule.instant_op($1::text), thule.instant_op($2::text))) t (a, b)
