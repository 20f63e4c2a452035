-- What was typed, as thule.restore_plan takes it: $1 the path, escaped, or else $2: in bytes; $3 the instant; $4 and $5 the new
-- path in the same two forms, or both null; $6 whether to force. An instant that cannot be read is an error now.
select jsonb_strip_nulls(jsonb_build_object('path', coalesce($1::text, thule.escape_name($2::bytea)),
    'at', case when thule.instant_op($3::text) is not null then thule.instant_fixed($3::text) end,
    'to', coalesce($4::text, thule.escape_name($5::bytea)), 'force', $6::boolean))
