-- The first lock that is in the way of one of fcntl(2): $1 session, $2 inode, $3 owner, $4 exclusive, $5 and $6 the bytes. Without a row: none. A process of
-- another host has no number here.
select l.writes::integer, l.first_byte, l.last_byte, case when l.session = $1::integer then l.pid end
from thule_internal.lock_conflict($1::integer, $2::bigint, false, $3::bigint, $4::boolean, $5::bigint, $6::bigint) l
where l.session in (select thule_internal.lock_sessions())
order by l.first_byte
limit 1
