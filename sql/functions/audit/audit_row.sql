-- The rows that ops in a range began or ended, with a hash of what never changes of each. Extents and blobs are not among them
-- (audit_extent, blob): those are cut.
-- Parameters: since, exclusive, and upto, the range.
-- Returns: area, the table; op_from, op or process that it began with; op_to, the op of the range that ended it, or null; ino, parent; id, SHA-256.
-- Tables touched: op, actor, inode, dirent, xattr and their histories (read).
-- Left out are what is changed in place, atime and project of an inode, and what begins and ends a version, which moves with it.
-- Only built-in types go into a hash, and each column is cast to one: a domain of ours has another number in each database.
create function thule_internal.audit_row(since bigint, upto bigint)
returns table (area text, op_from bigint, op_to bigint, ino bigint, parent bigint, id bytea)
language sql stable parallel safe
begin atomic
    select 'op' as area, o.op::bigint as op_from, null::bigint as op_to, o.ino::bigint as ino, o.parent,
        sha256(record_send(row(o.op::bigint, o.at::timestamptz, o.ino::bigint, o.parent::bigint, o.new_parent::bigint, o.off::bigint, o.len::bigint,
            o.actor::bigint, o.mount::bigint, o.kind::smallint, o.deferred::boolean, o.name::bytea, o.new_name::bytea, convert_to(o.tag, 'UTF8')))) as id
    from thule.op o
    where o.op > audit_row.since and o.op <= audit_row.upto
    union all
    select 'actor', a.id, null, null, null,
        sha256(record_send(row(a.id::bigint, convert_to(a.host, 'UTF8'), convert_to(a.boot_id, 'UTF8'), a.pid::integer, a.start_time::bigint,
            a.ppid::integer, a.uid::bigint, a.gid::bigint, a.loginuid::bigint,
            convert_to(a.exe, 'UTF8'), convert_to(a.comm, 'UTF8'), convert_to(a.cmdline, 'UTF8'), convert_to(a.cgroup, 'UTF8'),
            convert_to(a.username, 'UTF8'), a.session::integer, convert_to(a.cwd, 'UTF8'), convert_to(a.chain, 'UTF8'), convert_to(a.unit, 'UTF8'),
            convert_to(a.tag, 'UTF8'), convert_to(a.run, 'UTF8'), a.exe_seen::boolean, a.exe_deleted::boolean, a.incomplete::boolean)))
    from thule.actor a
    where a.id > audit_row.since and a.id <= audit_row.upto
    union all
    select 'inode', i.op_from, case when i.op_to <= audit_row.upto then i.op_to end, i.ino::bigint, null,
        sha256(record_send(row(i.ino::bigint, i.mode::integer, i.nlink::integer, i.uid::bigint, i.gid::bigint, i.rdev::bigint, i.size::bigint,
            i.allocated::bigint, i.mtime_ns::bigint, i.ctime_ns::bigint, i.btime_ns::bigint, i.flags::integer, i.xattrs::integer, i.target::bytea,
            i.op_from::bigint, i.valid_from::timestamptz)))
    from (
        select * from thule.inode p where p.op_from > audit_row.since and p.op_from <= audit_row.upto
        union all
        select * from thule.inode_history h where h.op_to > audit_row.since and h.op_from <= audit_row.upto
            and (h.op_from > audit_row.since or h.op_to <= audit_row.upto)
    ) i
    union all
    select 'dirent', d.op_from, case when d.op_to <= audit_row.upto then d.op_to end, d.ino::bigint, d.parent::bigint,
        sha256(record_send(row(d.parent::bigint, d.name::bytea, d.ino::bigint, d.cookie::bigint, d.op_from::bigint, d.valid_from::timestamptz)))
    from (
        select * from thule.dirent p where p.op_from > audit_row.since and p.op_from <= audit_row.upto
        union all
        select * from thule.dirent_history h where h.op_to > audit_row.since and h.op_from <= audit_row.upto
            and (h.op_from > audit_row.since or h.op_to <= audit_row.upto)
    ) d
    union all
    select 'xattr', x.op_from, case when x.op_to <= audit_row.upto then x.op_to end, x.ino, null,
        sha256(record_send(row(x.ino::bigint, x.name::bytea, x.value::bytea, x.op_from::bigint, x.valid_from::timestamptz)))
    from (
        select * from thule.xattr p where p.op_from > audit_row.since and p.op_from <= audit_row.upto
        union all
        select * from thule.xattr_history h where h.op_to > audit_row.since and h.op_from <= audit_row.upto
            and (h.op_from > audit_row.since or h.op_to <= audit_row.upto)
    ) x;
end;
