-- What was left as it is: $1 the result of a request.
select null as json, c ->> 'action' as left, c ->> 'path' as path, concat_ws(' by ', c ->> 'detail', c ->> 'by') as because
from jsonb_array_elements($1::jsonb -> 'conflicts') c
