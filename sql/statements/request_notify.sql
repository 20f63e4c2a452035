-- $1 the request.
select pg_notify('thule_request', $1::text)
