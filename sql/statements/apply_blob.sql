insert into thule.blob (id, data)
select * from unnest($1::bigint[], $2::bytea[])
