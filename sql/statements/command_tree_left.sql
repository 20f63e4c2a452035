-- thule tar of a user at the door ($3): how much below an inode ($1) as of an op ($2) he may not read, and the first of it.
select count(*), thule.escape_name(decode(replace(min(encode(v.path, 'hex')), '00', '2f'), 'hex'))
from thule_internal.tree_viewed($1::bigint, $2::bigint, $3::bigint[]) v
where not v.readable
