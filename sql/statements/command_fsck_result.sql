-- What a repair did, in the words of people, how many findings it left, and these: $1 the result of its request.
select concat(case r ->> 'repaired_count' when '0' then 'nothing to repair' when '1' then '1 finding repaired'
            else (r ->> 'repaired_count') || ' findings repaired' end,
        case when (r ->> 'ops')::bigint > 0 then format(E' by %s op%s\n`thule undo --tag %s` takes back what these changed', r ->> 'ops',
            case r ->> 'ops' when '1' then '' else 's' end, r ->> 'tag') end),
    (r ->> 'left_count')::bigint, r -> 'left'
from (select $1::jsonb as r) t
