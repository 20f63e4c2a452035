-- thule hold: the path, $1 escaped or else $2 as bytes; $3 by whom; $4 reason.
select thule_internal.hold_add(coalesce($1::text, thule.escape_name($2::bytea)), $3::text, $4::text)
