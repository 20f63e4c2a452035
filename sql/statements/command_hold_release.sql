-- thule hold --release: the path, $1 escaped or else $2 as bytes.
select thule_internal.hold_release(coalesce($1::text, thule.escape_name($2::bytea)))
