-- thule diff PATH: whether the path, escaped ($3) or else in bytes ($4), was there after either op ($1, $2).
select thule.resolve_at_op(p.path, $1) is not null
    or thule.resolve_at_op(p.path, $2) is not null, p.path
from (select coalesce($3::text, thule.escape_name($4::bytea)) as path) p
