-- Where it was mounted, if its last mount did not end as it should: its journal may hold what is not in the database.
select format('%s on host %s', m.mountpoint, m.host) from thule.mount m where m.ended_at is null and not m.read_only
