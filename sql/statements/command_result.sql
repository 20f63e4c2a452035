-- What was done, in the words of people: $1 the result of a request.
select array_to_string(array_remove(array[
        case when (r ->> 'brought_back')::bigint > 0 then (r ->> 'brought_back') || ' brought back' end,
        case when (r ->> 'removed')::bigint > 0 then (r ->> 'removed') || ' removed' end,
        case when (r ->> 'renamed')::bigint > 0 then (r ->> 'renamed') || ' renamed' end,
        case when (r ->> 'content')::bigint > 0 then 'content of ' || (r ->> 'content') end,
        case when (r ->> 'attributes')::bigint > 0 then 'attributes of ' || (r ->> 'attributes') end], null), ', '),
    (r ->> 'ops')::bigint, r ->> 'tag', jsonb_array_length(r -> 'conflicts'),
    (r ->> 'ops') || case r ->> 'ops' when '1' then ' op' else ' ops' end
from (select $1::jsonb as r) t
