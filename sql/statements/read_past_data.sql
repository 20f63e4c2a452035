-- Bytes of a file ($1) as of an op ($2): at most $4 of them from offset $3 on.
select thule.read_at_op($1::bigint, $2::bigint, $3::bigint, $4::bigint)
where thule_internal.is_kept($2::bigint)
