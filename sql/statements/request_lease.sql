-- Takes the lease if nobody has it.
select pg_try_advisory_lock(1953003884, 1)
