-- Run $1 has ended, undone if it had to be: $2 the status of its command.
update thule.run set ended_at = clock_timestamp(), status = $2::integer where id = $1::text and ended_at is null
