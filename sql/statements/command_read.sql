-- Bytes of a file ($1) as of an op ($2): at most $4 of them from offset $3 on, for $5: a user at the door, or null.
select thule.read_at_op($1::bigint, $2::bigint, $3::bigint, $4::bigint)
where thule_internal.check_viewer($1::bigint, $2::bigint, 4, $5::bigint[])
