-- Whether a user may look into a directory, and since when the answer is what it is now: for who asks about many ops in few directories.
-- Parameters: dir, its path, escaped, '' for the root; viewer, as of thule_internal.permits. Returns: op_from: as of every op from this one on the path led to the directory
--   that has it now, and thule_internal.may_reach says the same; null where no directory has it now, or through a link; searches, lists: what it says of 1 and of 5.
-- Tables touched: dirent, inode, inode_history, xattr, xattr_history, and those of thule_internal.may_reach (read).
-- What an inode may be asked is its mode, owner, group and access list. The rule also looks at those of now, which are the same for all ops.
create function thule_internal.reach_span(dir text, viewer bigint[], out op_from bigint, out searches boolean, out lists boolean)
language plpgsql stable parallel safe cost 10000
as $$
declare
    top    constant bigint := thule_internal.present();
    plain  constant text := coalesce(nullif(dir, ''), '/');
    found  bigint := thule.resolve_at_op(plain, top);
    at_ino bigint := found;
    since  bigint := 0;
begin
    if found is null or thule.path_at_op(found, top) is distinct from plain then
        return;
    end if;
    for depth in 0..thule_internal.max_depth() loop
        since := greatest(since,
            (select max(h.op_to) from thule.inode i join thule.inode_history h on h.ino = i.ino
                where i.ino = at_ino and (h.mode, h.uid, h.gid) is distinct from (i.mode, i.uid, i.gid)),
            (select max(x.op_from) from thule.xattr x where x.ino = at_ino and x.name = 'system.posix_acl_access'),
            (select max(x.op_to) from thule.xattr_history x where x.ino = at_ino and x.name = 'system.posix_acl_access'),
            (select max(d.op_from) from thule.dirent d where d.ino = at_ino));
        exit when at_ino = 1;
        select d.parent into at_ino from thule.dirent d where d.ino = at_ino limit 1;
    end loop;
    op_from := since;
    searches := thule_internal.may_reach(found, top, 1, viewer);
    lists := thule_internal.may_reach(found, top, 5, viewer);
end
$$;
