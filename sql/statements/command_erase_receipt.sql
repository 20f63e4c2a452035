-- thule erase: the receipt $1, JSON, for people.
select format('erased %s: %s versions of %s file(s), %s blobs with %s bytes; receipt %s, SHA-256 of the last content %s',
        r ->> 'path', r ->> 'versions', jsonb_array_length(r -> 'files'), r ->> 'blobs', r ->> 'bytes', r ->> 'id',
        coalesce(r ->> 'sha256', 'not made')) as done,
    case when (r ->> 'shared')::bigint > 0 then
        format('%s blob(s) stay, because other files have the same bytes: %s', r ->> 'shared',
            (select string_agg(p, ', ') from jsonb_array_elements_text(r -> 'shared_with') p)) end as shared
from (select $1::jsonb as r) r
