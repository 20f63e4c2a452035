-- $1 the request.
select thule_internal.perform($1::bigint)
