-- Commits of this transaction need not wait for the disk.
select set_config('synchronous_commit', 'off', true)
