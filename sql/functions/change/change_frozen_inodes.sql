-- Takes out of a plan what flags forbid to do to the inodes of pg_temp.change_frozen; flags that still protect them may
-- change. The last step of a plan.
-- Parameters: none. Returns: nothing; changes pg_temp.change_inode, change_cut, change_extent and change_xattr, adds to
--   change_note.
-- Tables touched: inode (read).
create function thule_internal.change_frozen_inodes() returns void
language plpgsql
as $$
begin
    if not exists (select from pg_temp.change_frozen) then
        return;
    end if;
    insert into pg_temp.change_note (action, ino, detail, op, "by")
        select a.action, f.ino, case when f.append then 'is append-only' else 'is immutable' end, i.undone, f.op
        from pg_temp.change_frozen f
        join pg_temp.change_inode i on i.ino = f.ino
        cross join lateral (
            values ('content', i.content), ('mode', i.mode is not null), ('owner', num_nonnulls(i.uid, i.gid) > 0),
                ('flags', i.flags & 48 = 0),
                ('times', not i.content and num_nonnulls(i.mode, i.uid, i.gid) = 0 and num_nonnulls(i.atime_ns, i.mtime_ns) > 0)
        ) a (action, wanted)
        where a.wanted
        union all
        select 'xattr', f.ino, format('%s: is %s', thule.escape_name(x.name), case when f.append then 'append-only' else 'immutable' end),
            x.undone, f.op
        from pg_temp.change_frozen f
        join pg_temp.change_xattr x on x.ino = f.ino;
    update pg_temp.change_inode i
        set mode = null, uid = null, gid = null, size = null, atime_ns = null, mtime_ns = null, content = false,
            flags = case when i.flags & 48 <> 0 then i.flags end
        from pg_temp.change_frozen f where f.ino = i.ino;
    delete from pg_temp.change_cut c using pg_temp.change_frozen f where f.ino = c.ino;
    delete from pg_temp.change_extent e using pg_temp.change_frozen f where f.ino = e.ino;
    delete from pg_temp.change_xattr x using pg_temp.change_frozen f where f.ino = x.ino;
    -- Of these nothing is left to do, and those do not come because their names do not.
    delete from pg_temp.change_inode i
        where (i.flags is null and exists (select from pg_temp.change_frozen f where f.ino = i.ino))
            or (not exists (select from thule.inode n where n.ino = i.ino)
                and not exists (select from pg_temp.change_name c where c.ino = i.ino and c.active));
end
$$;
