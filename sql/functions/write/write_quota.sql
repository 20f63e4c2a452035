-- Refuses a transaction of SQL that leaves a user, group or directory tree with more than its quota allows, and with more than it had. As on the
-- mount root may go past limits of users and groups.
-- Parameters: first_op, the first of the transaction; viewer, as whom it was made. Returns: nothing. Errors: EDQUOT.
-- Tables touched: quota, op, inode, inode_history, xattr, xattr_history (read).
-- What was used before is what is used now, less what its inodes grew by: so nothing is summed while nothing grows.
create function thule_internal.write_quota(first_op bigint, viewer bigint[]) returns void
language plpgsql
as $$
declare
    over record;
begin
    with touched as (
        select i.ino from thule.inode i join (
            select o.ino from thule.op o where o.op >= first_op
            union select o.parent from thule.op o where o.op >= first_op
            union select o.new_parent from thule.op o where o.op >= first_op) t on t.ino = i.ino
        union
        select h.ino from thule.inode_history h where h.op_to >= first_op
    ), sides as (
        select 1 as sign, i.uid, i.gid, i.project, i.allocated, i.xattrs, i.ino, thule_internal.present() as at_op
        from touched t join thule.inode i on i.ino = t.ino
        union all
        select -1, h.uid, h.gid, h.project, h.allocated, h.xattrs, h.ino, first_op - 1
        from touched t join thule.inode_history h on h.ino = t.ino and h.op_from < first_op and h.op_to >= first_op
    ), grown as (
        select l.kind, l.id,
            sum(s.sign * ((s.allocated + 4095) / 4096 * 4096 + case when s.xattrs > 0 then coalesce(x.bytes, 0) else 0 end)) as bytes,
            sum(s.sign) as inodes
        from sides s
        cross join lateral (
            select sum(octet_length(a.name) + octet_length(a.value)) as bytes from thule_internal.xattrs_at_op(s.ino, s.at_op) a
        ) x
        cross join lateral (values (0, s.uid::bigint), (1, s.gid), (2, s.project)) l (kind, id)
        where l.kind = 2 or viewer[1] > 0
        group by l.kind, l.id
    )
    select u.kind, u.name, case when g.bytes > 0 and u.bytes > u.bytes_limit then format('%s bytes', u.bytes) else format('%s files', u.inodes) end as has,
            case when g.bytes > 0 and u.bytes > u.bytes_limit then u.bytes_limit else u.inodes_limit end as most
        into over
        from thule.quota q
        join grown g on g.kind = q.kind and g.id = q.id and (g.bytes > 0 and q.bytes_limit is not null or g.inodes > 0 and q.inodes_limit is not null)
        join thule.quota_usage u on u.id = q.id and u.kind = (array['user', 'group', 'tree'])[q.kind + 1]
        where g.bytes > 0 and u.bytes > u.bytes_limit or g.inodes > 0 and u.inodes > u.inodes_limit
        order by u.kind, u.id limit 1;
    if found then
        perform thule_internal.fail('EDQUOT', format('%s %s would have %s, and its quota allows %s', over.kind, over.name, over.has, over.most),
            'Remove something, or raise it with `thule quota set`.');
    end if;
end
$$;
