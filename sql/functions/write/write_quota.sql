-- Refuses a transaction of SQL that leaves a user, group or directory tree with more than its quota allows, and with more than it had. As on the
-- mount root may go past limits of users and groups.
-- Parameters: first_op, the first of the transaction; viewer, as whom it was made. Returns: nothing. Errors: EDQUOT.
-- Tables touched: quota, inode, inode_history, xattr, xattr_history, those of thule_internal.touched_since (read).
-- What was used before is what is used now, less what its inodes grew by: so nothing is summed while nothing grows.
create function thule_internal.write_quota(first_op bigint, viewer bigint[]) returns void
language plpgsql
as $$
declare
    more record;
    over record;
begin
    for more in
        select q.kind, q.id, g.bytes, g.inodes
        from thule_internal.write_grown(first_op, viewer) g
        join thule.quota q on q.kind = g.kind and q.id = g.id and (g.bytes > 0 and q.bytes_limit is not null or g.inodes > 0 and q.inodes_limit is not null)
        order by q.kind, q.id
    loop
        -- Only here files are summed.
        select u.kind, u.name, case when more.bytes > 0 and u.bytes > u.bytes_limit then format('%s bytes', u.bytes) else format('%s files', u.inodes) end as has,
                case when more.bytes > 0 and u.bytes > u.bytes_limit then u.bytes_limit else u.inodes_limit end as most
            into over
            from thule.quota_usage u
            where u.id = more.id and u.kind = (array['user', 'group', 'tree'])[more.kind + 1]
                and (more.bytes > 0 and u.bytes > u.bytes_limit or more.inodes > 0 and u.inodes > u.inodes_limit);
        if found then
            perform thule_internal.fail('EDQUOT', format('%s %s would have %s, and its quota allows %s', over.kind, over.name, over.has, over.most),
                'Remove something, or raise it with `thule quota set`.');
        end if;
    end loop;
end
$$;

-- What users, groups and directory trees have more, or less, than before a transaction of SQL.
-- Parameters: those of thule_internal.write_quota. Returns: kind and id as of thule.quota; bytes; inodes.
-- Tables touched: inode, inode_history, xattr, xattr_history, those of thule_internal.touched_since (read).
create function thule_internal.write_grown(first_op bigint, viewer bigint[]) returns table (kind integer, id bigint, bytes numeric, inodes bigint)
language plpgsql
as $$
#variable_conflict use_column
begin
    return query with touched as (
        select t.ino from thule_internal.touched_since(first_op - 1) t where t.ino is not null
    ), sides as (
        select 1 as sign, i.uid, i.gid, i.project, i.allocated, i.xattrs, i.ino, thule_internal.present() as at_op
        from touched t
        cross join lateral (select p.* from thule.inode p where p.ino = t.ino order by p.era desc nulls last limit 1) i
        union all
        select -1, h.uid, h.gid, h.project, h.allocated, h.xattrs, h.ino, first_op - 1
        from touched t
        cross join lateral (
            select p.* from thule.inode_history p where p.ino = t.ino and p.op_from < first_op order by p.op_from desc limit 1
        ) h
        where h.op_to >= first_op
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
    select g.kind, g.id, g.bytes, g.inodes from grown g;
end
$$;
