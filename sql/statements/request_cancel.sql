-- Takes back request $1, unless it is done or somebody is at it.
delete from thule.request
where id = (select id from thule.request where id = $1::bigint and done_at is null for update skip locked)
returning id
