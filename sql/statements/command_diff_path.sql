-- thule diff PATH: whether the path, escaped ($3) or else in bytes ($4), was there after either op ($1, $2), for $5: a user at the door, or null.
select thule_internal.resolve_as(p.path, $1, $5::bigint[]) is not null
    or thule_internal.resolve_as(p.path, $2, $5) is not null, p.path
from (select coalesce($3::text, thule.escape_name($4::bytea)) as path) p
