-- thule diff PATH: whether the path, escaped ($3) or else in bytes ($4), was there at either instant ($1, $2).
select thule.resolve_at_op(p.path, thule.instant_op($1::text)) is not null
    or thule.resolve_at_op(p.path, thule.instant_op($2::text)) is not null, p.path
from (select coalesce($3::text, thule.escape_name($4::bytea)) as path) p
