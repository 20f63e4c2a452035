-- The op that an instant ($1), as people type it, stands for, null for what is none; and whether it means the same a second
-- later: 2 for a time that does not go by the clock, which begins with a digit, as no snapshot does; 1 for an age, which goes
-- by it; 0 for all else (a snapshot, `now`).
select i.op, case when i.op is null then 0
                  when thule_internal.age_of(convert_from($1::bytea, 'UTF8')) is not null then 1
                  when convert_from($1::bytea, 'UTF8') ~ '^[0-9]' and convert_from($1::bytea, 'UTF8') !~* 'now|today|tomorrow|yesterday' then 2
                  else 0 end
from thule_internal.try_instant_op($1::bytea) i (op)
