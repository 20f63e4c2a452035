-- thule erase: what the request says. The path, $1 escaped or else $2 as bytes; $3 by whom.
select jsonb_build_object('path', coalesce($1::text, thule.escape_name($2::bytea)), 'by', $3::text)
