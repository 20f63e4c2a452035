-- Takes the lease if nobody has it.
select thule_internal.lease_take()
