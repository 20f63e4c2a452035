-- Who may reach an inode of the past now: what there is to check of the present.
-- Parameters: ino; at_op, the op as of which it is read.
-- Returns: one row. guard: mode, uid and gid of the inode as it is now, and then of each directory above it, up to the
--   root, as text ('33188 0 0;16877 0 0'), each followed by its access list in hex where it has one ('33200 0 0 0200...').
--   What is gone counts as it was when it went, where it was then: removing a file opens its past to nobody. Null, which
--   refuses all but root, where nothing of the inode is known any more or the root is not reached in thule_internal.max_depth() steps.
--   stricter: false when whoever may reach it as it was, through its directories of
--   then as they are now, may reach it as it is: same owner, no bit less, same access list, same directory.
-- Tables touched: dirent, dirent_history, inode, inode_history, xattr, xattr_history (read).
create function thule_internal.guard(ino bigint, at_op bigint) returns table (stricter boolean, guard text)
language sql stable parallel safe rows 1
begin atomic
    with recursive up (depth, ino) as (
        select 0, guard.ino
        union all
        select u.depth + 1, coalesce(
            (select d.parent from thule.dirent d where d.ino = u.ino order by d.op_from, d.parent, d.name limit 1),
            (select d.parent from thule.dirent_history d where d.ino = u.ino
                order by d.op_to desc, d.op_from, d.parent, d.name limit 1))
        from up u
        where u.ino <> 1 and u.depth < thule_internal.max_depth()
    ), present as (
        select u.depth, u.ino, i.mode, i.uid, i.gid, case when i.xattrs > 0 then (
            select x.value from thule_internal.xattrs_at_op(i.ino, i.op_to - 1) x where x.name = 'system.posix_acl_access') end as acl
        from up u
        cross join lateral (
            select v.ino, v.mode, v.uid, v.gid, v.xattrs, v.op_to from thule.inode v where v.ino = u.ino
            union all
            select h.*
            from (
                select v.ino, v.mode, v.uid, v.gid, v.xattrs, v.op_to from thule.inode_history v
                where v.ino = u.ino and not exists (select from thule.inode p where p.ino = u.ino)
                order by v.op_from desc limit 1
            ) h
        ) i
    )
    select coalesce((
            select p.uid <> a.uid or p.gid <> a.gid or (a.mode & ~p.mode & 511) <> 0
                or p.acl is distinct from (
                    select x.value from thule_internal.xattrs_at_op(a.ino, at_op) x
                    where a.xattrs > 0 and x.name = 'system.posix_acl_access')
            from present p
            cross join lateral thule_internal.inode_at_op(p.ino, at_op) a
            where p.depth = 0), false)
        or exists (
            select from present p
            where p.depth = 1 and not exists (
                select from (select d.parent, d.op_from from thule.dirent d where d.ino = guard.ino offset 0) d
                where d.parent = p.ino and d.op_from <= at_op
                union all
                select from (select d.parent, d.op_to from thule.dirent_history d where d.ino = guard.ino and d.op_from <= at_op order by d.op_from offset 0) d
                where d.parent = p.ino and d.op_to > at_op)),
        (select string_agg(concat_ws(' ', p.mode, p.uid, p.gid, encode(p.acl, 'hex')), ';' order by p.depth) from present p
            where exists (select from present s where s.depth = 0) and exists (select from up u where u.ino = 1));
end;
