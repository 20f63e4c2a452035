-- thule diff --patch: the files that may differ between the states after two ops ($1, $2), at or below a path, escaped ($3) or else in bytes
-- ($4) or null, as thule_internal.patch_files has them. What is in a directory that was renamed counts. $5 who asks, where it is a user at the door, or null.
select f.*
from (
    with difference as materialized (
        select d.change, d.kind, d.ino, d.path, d.old_path from thule_internal.diff_ops($1, $2, coalesce($3::text, thule.escape_name($4::bytea))) d
    ), below as (
        select b.path, t.place
        from difference d
        cross join lateral (values (d.old_path, $1::bigint), (d.path, $2::bigint)) s (path, op)
        cross join lateral thule_internal.paths_below(s.path, d.ino, s.op) b (path)
        cross join lateral (select thule_internal.real_path(coalesce($3::text, thule.escape_name($4::bytea)), s.op) as place) t
        where d.change = 'renamed' and d.kind = 'directory'
    )
    select array(
        select p.path from difference d cross join lateral (values (d.path), (d.old_path)) p (path) where p.path is not null
        union
        select b.path from below b where b.place is null or b.place = '/' or b.path = b.place or starts_with(b.path, b.place || '/')
    ) as paths
) p
cross join lateral thule_internal.patch_files(p.paths, $1::bigint, $2::bigint, $5::bigint[]) f
