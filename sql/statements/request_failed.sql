-- A request ($1) could not be done, because ($2).
update thule.request set done_at = clock_timestamp(), error = $2::text where id = $1::bigint and done_at is null
