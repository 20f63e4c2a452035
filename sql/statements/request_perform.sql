-- $1 the request.
select thule.perform($1::bigint)
