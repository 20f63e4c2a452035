-- Whether anybody wants to see latencies: thule_internal.latency_fresh() holds this lock, shared.
select not pg_try_advisory_xact_lock(thule_internal.lease_key(), thule_internal.latency_key())
