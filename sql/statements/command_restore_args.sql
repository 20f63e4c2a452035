-- What was typed, as thule.restore_plan takes it: $1 the path, escaped, or else $2: in bytes; $3 the instant; $4 and $5 the new
-- path in the same two forms, or both null; $6 whether to force. A time or an age becomes what it is here and now: whoever does the work may be
-- in another time zone. One that cannot be read is an error now.
select jsonb_strip_nulls(jsonb_build_object('path', coalesce($1::text, thule.escape_name($2::bytea)),
    'at', case
        when thule.instant_op($3::text) is null then null
        when $3::text ~ '^\s*op:' or exists (select from thule.snapshot s where s.name = $3::text) then to_jsonb($3::text)
        else to_jsonb(thule.instant($3::text))
    end,
    'to', coalesce($4::text, thule.escape_name($5::bytea)), 'force', $6::boolean))
