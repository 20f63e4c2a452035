-- thule config unset: $1 key.
select thule.config_unset($1::text)
