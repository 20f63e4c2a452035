-- Forgets what was published by $1, a mount, and by those that are not alive.
with locks as (
    delete from thule.live_lock where mount = $1::bigint or mount not in (select thule_internal.mounts_live())
), latencies as (
    delete from thule.live_latency where mount = $1::bigint or mount not in (select thule_internal.mounts_live())
), reports as (
    delete from thule.live_report where mount = $1::bigint or mount not in (select thule_internal.mounts_live())
), requests as (
    delete from thule.live_request where mount = $1::bigint or mount not in (select thule_internal.mounts_live())
)
delete from thule.live_handle where mount = $1::bigint or mount not in (select thule_internal.mounts_live())
