-- Other mounts than $1 that have not ended; whether one of them is alive; and whether nobody has the lease.
select count(*), coalesce(bool_or(m.id in (select thule_internal.mounts_live())), false), (select thule.lease_holder()) is null
from thule.mount m
where m.ended_at is null and not m.read_only and m.id <> $1::bigint
