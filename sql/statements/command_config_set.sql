-- thule config set: $1 key, $2 value, $3 by whom.
select thule_internal.config_set($1::text, $2::text, $3::text)
