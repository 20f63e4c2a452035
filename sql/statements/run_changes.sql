-- Whether run $1 has changed anything.
select exists (select from thule.actor where run = $1::text)
