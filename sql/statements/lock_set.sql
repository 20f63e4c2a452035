-- Takes or releases a lock on a file: $1 session, $2 inode, $3 of flock(2), $4 owner, $5 exclusive (null: release), $6 and $7 the bytes, $8 process (null: not
-- known), $9 number of the request where it is to wait.
select s.outcome, s.held::integer
from thule_internal.lock_set($1::integer, $2::bigint, $3::boolean, $4::bigint, $5::boolean, $6::bigint, $7::bigint, $8::integer, $9::bigint) s
