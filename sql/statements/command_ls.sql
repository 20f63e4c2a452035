-- thule ls: what is in a directory ($1) as of an op ($2), or, where that is none, itself under the name $3. By name.
-- $4 who asks, where it is a user at the door, or null.
select json_build_object('name', thule.escape_name(e.name), 'ino', i.ino, 'kind', thule.mode_kind(i.mode),
        'mode', thule_internal.mode_text(i.mode), 'nlink', i.nlink, 'uid', i.uid, 'gid', i.gid, 'size', i.size,
        'mtime', thule.ns_time(i.mtime_ns), 'target', thule.escape_name(i.target)) as json,
    i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size,
    to_char(thule.ns_time(i.mtime_ns), 'YYYY-MM-DD HH24:MI') as mtime,
    thule.escape_name(e.name) as name,
    thule.escape_name(i.target) as target
from (
    select d.name, d.ino from thule_internal.entry_at_op($1::bigint, $2::bigint) d
    union all
    select thule.unescape_name($3::text), $1::bigint
    where not exists (select from thule_internal.inode_at_op($1::bigint, $2::bigint) t where thule_internal.is_directory(t.mode))
) e
cross join lateral thule_internal.inode_at_op(e.ino, $2::bigint) i
where thule_internal.check_viewer($1::bigint, $2::bigint,
    (select case when thule_internal.is_directory(t.mode) then 5 else 0 end from thule_internal.inode_at_op($1::bigint, $2::bigint) t), $4::bigint[])
order by e.name
