-- What was typed, as thule_internal.undo_plan takes it: $1 tag, $2 pid, $3 exe, $4 user, $5 since, $6 until, $7 the path, escaped, or
-- else $8: in bytes; $9 whether to force. Each may be null. The root as the path selects nothing by itself.
-- An age means the same in the plan and when it is done.
select jsonb_strip_nulls(jsonb_build_object('tag', $1::text, 'pid', $2::integer, 'exe', $3::text, 'user', $4::text,
    'since', thule_internal.instant_fixed($5::text), 'until', thule_internal.instant_fixed($6::text),
    'path', nullif(thule_internal.real_path(coalesce($7::text, thule.escape_name($8::bytea)), coalesce(thule_internal.op_until($6), thule_internal.present())), '/'),
    'force', $9::boolean))
