-- Takes the lease if nobody has it, and no mount follows that is about to take it.
select case when exists (select from thule_internal.mounts_live()) then false else thule_internal.lease_take() end
