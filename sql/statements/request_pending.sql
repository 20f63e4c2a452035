-- What was asked and is not done yet, oldest first.
select id from thule.request where done_at is null order by id
