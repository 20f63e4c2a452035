-- What was typed, as thule_internal.quota_set takes it: $1 action, $2 kind, $3 uid or gid, $4 name, $5 the path, escaped, or else
-- $6 in bytes; $7 to $9 limits of bytes, inodes and bytes of the past: null as they were, 'none', or a number.
select jsonb_strip_nulls(jsonb_build_object('action', $1::text, 'kind', $2::integer, 'id', $3::bigint, 'name', $4::text,
        'path', coalesce($5::text, thule.escape_name($6::bytea))))
    || case when $7::text is null then '{}' else jsonb_build_object('bytes', nullif($7::text, 'none')::bigint) end
    || case when $8::text is null then '{}' else jsonb_build_object('inodes', nullif($8::text, 'none')::bigint) end
    || case when $9::text is null then '{}' else jsonb_build_object('history', nullif($9::text, 'none')::bigint) end
