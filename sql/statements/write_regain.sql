-- Waits for the right to write that was lent, and takes it back; false: another mount has the lease now.
select thule_internal.write_regain()
