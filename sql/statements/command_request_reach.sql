-- How many ops an undo, or changes of how many files a restore would take back. $1 the kind of request, $2 its arguments.
select thule.request_reach($1::text, $2::jsonb)
