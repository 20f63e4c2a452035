-- Takes back request $1, unless it is done.
delete from thule.request where id = $1::bigint and done_at is null returning id
