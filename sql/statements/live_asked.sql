-- Which topics somebody asks for, a bit for each: thule_internal.live_ask() holds their locks, shared.
select coalesce(sum(1 << topic), 0)::integer
from generate_series(1, thule_internal.live_topic('descriptors')) topic
where not pg_try_advisory_xact_lock(thule_internal.lease_key(), topic)
