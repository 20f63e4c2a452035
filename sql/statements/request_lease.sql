-- Takes the lease if nobody has it.
select thule.lease_take()
