-- thule config unset: $1 key.
select thule_internal.config_unset($1::text)
