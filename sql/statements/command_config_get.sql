-- thule config get: $1 key.
select value from thule.config where key = $1::text
