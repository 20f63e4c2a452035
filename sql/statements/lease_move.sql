-- Takes the lease over as mount $1; $2: from nobody who has it. Nobody waits for its flush.
select thule_internal.lease_move($1::bigint, interval '5 s', $2::boolean), set_config('synchronous_commit', 'off', true)
