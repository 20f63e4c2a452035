-- Whether a user may reach an inode as of an op, by the rules of .thule/at in the mount: what counts are the attributes of then and
-- those of now (thule_internal.guard), of the inode and of the directories above it.
-- Parameters: ino; at_op, an op (2^63-1: the present); want, bits as of thule_internal.permits of what is to be done to the inode, 0: only to
--   see that it is there; viewer, as of thule_internal.permits.
-- Returns: boolean; false where it was not there.
--   Where the mount shows the past to owners alone (-o past=owner), the session has the setting thule.past = owner; where it
--   honours no access lists (-o noacl), thule.acl = off.
-- Tables touched: dirent, dirent_history, inode, inode_history, xattr, xattr_history (read).
-- In PL/pgSQL for the reason of thule_internal.is_kept: each statement of a walk would plan it anew.
create function thule_internal.may_reach(ino bigint, at_op bigint, want integer, viewer bigint[]) returns boolean
language plpgsql stable parallel safe cost 5000
as $$
declare
    lists boolean := current_setting('thule.acl', true) is distinct from 'off';
begin
    -- A role that was granted less than the tables has no say in that.
    if not lists then
        lists := thule_internal.session_viewer() is not null;
    end if;
    if viewer is null or viewer[1] = 0 then
        return true;
    end if;
    return coalesce((
        with recursive up (depth, ino) as (
            select 0, may_reach.ino
            union all
            select u.depth + 1, e.parent
            from up u
            cross join lateral (
                select n.parent
                from (
                    select d.parent, d.name, d.op_from from thule.dirent d where d.ino = u.ino and d.op_from <= at_op
                    union all
                    select d.parent, d.name, d.op_from from thule.dirent_history d
                    where d.ino = u.ino and d.op_from <= at_op and d.op_to > at_op
                ) n
                order by n.op_from, n.parent, n.name limit 1
            ) e
            where u.ino <> 1 and u.depth < thule_internal.max_depth()
        )
        select bool_and(thule_internal.permits(i.mode, i.uid, i.gid, case when i.xattrs > 0 and lists then (
                    select x.value from thule_internal.xattrs_at_op(i.ino, at_op) x where x.name = 'system.posix_acl_access') end,
                viewer, case when u.depth = 0 then want else 1 end)
                and (current_setting('thule.past', true) is distinct from 'owner'
                    or coalesce(thule_internal.past_owner(u.ino, at_op, u.depth = 0 and want & 4 <> 0) = viewer[1], true)))
            and bool_or(u.ino = 1)
        from up u
        cross join lateral thule_internal.inode_at_op(u.ino, at_op) i
    ) and (
        select bool_and(thule_internal.permits(w[1]::integer, w[2]::bigint, w[3]::bigint, case when lists then decode(w[4], 'hex') end, viewer,
                case when t.n = 1 then want else 1 end))
        from thule_internal.guard(may_reach.ino, at_op) g
        cross join string_to_table(g.guard, ';') with ordinality t (text, n)
        cross join string_to_array(t.text, ' ') w
    ), false);
end
$$;
