-- What was typed, as thule_internal.restore_plan takes it: $1 the path, escaped, or else $2: in bytes; $3 the instant; $4 and $5 the new
-- path in the same two forms, or both null; $6 whether to force; $7 to $10 where the kernel's part of the path ends, as $4 to $7 of
-- command_past. An instant that cannot be read is an error now. What was in a directory that has another path now is restored there.
select jsonb_strip_nulls(jsonb_build_object('path', coalesce(nullif(w.place, ''), '/'),
    'place', case when $7 <> 1 and s.past <> s.present and starts_with(w.place || '/', s.past || '/')
        then s.present || substring(w.place from length(s.past) + 1) end,
    'at', thule_internal.instant_fixed($3::text), 'to', coalesce($4::text, thule.escape_name($5::bytea)), 'force', $6::boolean))
from (select thule.instant_op($3) as op) a
cross join lateral thule_internal.walk_typed(coalesce($1::text, thule.escape_name($2::bytea)), a.op, false, null, $7::bigint, $9::bigint,
    $8::bytea, $10::bytea[]) w
cross join lateral (select thule.path_at_op($7, a.op), thule.path($7)) s (past, present)
