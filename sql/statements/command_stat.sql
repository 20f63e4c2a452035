-- thule stat: an inode ($1) as of an op ($2), whose path is $3; as JSON, and then as lines for people.
-- $4 who asks, where it is a user at the door, or null: he sees who changed his own file, and attributes of what he may read.
select row_to_json(s) as json,
    s.path, s.kind, s.ino, s.mode, s.nlink, s.uid, s.gid, s.rdev, s.size, nullif(s.flags, 'none') as flags, s.atime, s.mtime, s.ctime, s.btime,
    s.target,
    s.since || ' (op ' || s.op || ')' as since,
    coalesce(s.until || ' (op ' || s.until_op || ')', 'now') as until,
    coalesce(s.username, s.by_uid::text) || ', pid ' || s.pid || ', ' || s.exe as by
from (
    select $3::text as path, thule.mode_kind(i.mode) as kind, i.ino, thule_internal.mode_text(i.mode) as mode, i.nlink, i.uid, i.gid,
        i.rdev, i.size, thule_internal.flags_text(i.flags) as flags,
        thule.ns_time(i.atime_ns) as atime, thule.ns_time(i.mtime_ns) as mtime, thule.ns_time(i.ctime_ns) as ctime,
        thule.ns_time(i.btime_ns) as btime, thule.escape_name(i.target) as target,
        i.op_from as op, i.valid_from as since,
        nullif(i.op_to, thule_internal.present()) as until_op, nullif(i.valid_to, 'infinity') as until,
        a.uid as by_uid, a.username, a.pid, a.exe,
        (select thule_internal.acl_text(x.value) from thule_internal.xattrs_at_op(i.ino, $2::bigint) x
            where x.name = 'system.posix_acl_access' and r.may) as acl,
        (select thule_internal.acl_text(x.value) from thule_internal.xattrs_at_op(i.ino, $2::bigint) x
            where x.name = 'system.posix_acl_default' and r.may) as default_acl,
        (select coalesce(json_object_agg(thule.escape_name(x.name), thule.escape_name(x.value) order by x.name), '{}')
            from thule_internal.xattrs_at_op(i.ino, $2::bigint) x
            where x.name not in ('system.posix_acl_access', 'system.posix_acl_default')
                and ($4::bigint[] is null or r.may and substring(x.name for 8) <> 'trusted.')) as xattrs
    from thule_internal.inode_at_op($1::bigint, $2::bigint) i
    cross join lateral (select $4::bigint[] is null or thule_internal.may_reach(i.ino, $2::bigint, 4, $4)) r (may)
    left join thule.op o on o.op = i.op_from
    left join thule.actor a on a.id = o.actor and ($4 is null or thule_internal.is_own(i.ino, $4))
    where thule_internal.check_viewer(i.ino, $2::bigint, 0, $4)
) s
