-- The op that an instant ($1), as people type it, stands for, null for what is none; and whether it is an age, which moves.
select i.op, case when i.op is not null then (thule_internal.age_of(convert_from($1::bytea, 'UTF8')) is not null)::integer else 0 end
from thule_internal.try_instant_op($1::bytea) i (op)
