-- Names of a directory ($1) as of an op ($2) after cookie $3, with their inodes, or one row of nulls when there are none; and what of
-- now guards the directory (in the first row alone: a deep directory has a long guard), and whose that version of it
-- is (thule_internal.past_owner). Fewer than 500 (PAST_PAGE_ROWS) are the last ones. No row: that state was pruned.
select i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns,
       i.btime_ns, i.flags, i.xattrs, i.project, i.target, g.stricter::integer,
       case when coalesce(e.place, 1) = 1 then g.guard end, o.owner, e.name, e.cookie
from thule_internal.guard($1::bigint, $2::bigint) g
cross join (select thule_internal.past_owner($1::bigint, $2::bigint, true) as owner) o
left join (
    select n.ino, n.name, n.cookie, row_number() over (order by n.cookie) as place
    from (
        -- Each of the two goes by its index in the order of cookies, and no further than the page.
        (select d.ino, d.name, d.cookie from thule.dirent d
         where d.parent = $1::bigint and d.cookie > $3::bigint and d.op_from <= $2::bigint
         order by d.cookie limit 500)
        union all
        (select d.ino, d.name, d.cookie from thule.dirent_history d
         where d.parent = $1::bigint and d.cookie > $3::bigint and d.op_from <= $2::bigint and d.op_to > $2::bigint
         order by d.cookie limit 500)
        order by cookie
        limit 500
    ) n
) e on true
left join lateral thule_internal.inode_at_op(e.ino, $2::bigint) i on true
where thule_internal.is_kept($2::bigint)
order by e.cookie
