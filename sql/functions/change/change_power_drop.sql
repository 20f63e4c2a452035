-- Takes the set-id bits and security.capability of the files in pg_temp.change_power out of a plan, and notes it.
-- Parameters: undo: whether pg_temp.undo_op has the ops that are undone.
-- Returns: nothing; changes pg_temp.change_inode and change_xattr, adds to change_note.
-- Tables touched: op, op_kind (read).
create function thule_internal.change_power_drop(undo boolean) returns void
language plpgsql
as $$
declare
    kinds constant smallint[] := array(select k.id from thule.op_kind k
        where k.changes_bytes or k.sets_mode or k.sets_owner or k.changes_xattr);
begin
    drop table if exists pg_temp.change_power_own;
    create temp table change_power_own (op bigint primary key) on commit drop;
    if undo then
        insert into pg_temp.change_power_own (op)
            select u.op from pg_temp.undo_op u join pg_temp.change_power f on f.ino = u.ino;
    end if;
    insert into pg_temp.change_note (action, ino, detail, op, "by")
        select a.action, f.ino, format('%s dropped: %s', a.what, case when f.known
            then 'only root gives them back, or, to a file of their own, the owner'
            else 'owner and bytes would not be those they were given to' end), f.undone,
            -- Who it was that changed the file meanwhile.
            case when not f.known then (
                select max(o.op) from thule.op o
                where o.ino = f.ino and o.op > f.undone and o.kind = any (kinds)
                    and not exists (select from pg_temp.change_power_own w where w.op = o.op)) end
        from pg_temp.change_power f
        cross join lateral (
            values ('mode', thule_internal.set_id_bits(f.mode) <> 0, 'set-id bits are'), ('xattr', f.caps is not null, 'security.capability is')
        ) a (action, wanted, what)
        where a.wanted;

    insert into pg_temp.change_inode as c (ino, mode, undone)
        select f.ino, f.mode & ~thule_internal.set_id_bits(f.mode), f.undone from pg_temp.change_power f where thule_internal.set_id_bits(f.mode) <> 0
    on conflict (ino) do update set mode = excluded.mode;
    insert into pg_temp.change_xattr (ino, name, value, undone)
        select f.ino, 'security.capability', null, f.undone from pg_temp.change_power f where f.caps is not null
    on conflict (ino, name) do update set value = null;
    -- What is so already is not done again.
    update pg_temp.change_inode c set mode = null from pg_temp.change_power f where f.ino = c.ino and f.mode_now = c.mode;
    delete from pg_temp.change_inode c using pg_temp.change_power f
        where f.ino = c.ino and not c.content and c.like_ino is null
            and num_nonnulls(c.mode, c.uid, c.gid, c.size, c.atime_ns, c.mtime_ns, c.flags) = 0;
    delete from pg_temp.change_xattr x using pg_temp.change_power f
        where f.ino = x.ino and x.name = 'security.capability' and f.mode_now is not null and f.caps_now is null;
end
$$;
