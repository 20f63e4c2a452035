-- Makes the devices that a plan brings back, copies or gives other permissions root's alone, and notes it.
-- Parameters: none. Returns: nothing; changes pg_temp.change_inode, adds to change_note.
-- Tables touched: inode, inode_history (read).
-- A whiteout of overlayfs, 0/0, is not a device that can be opened.
create function thule_internal.change_power_devices() returns void
language plpgsql
as $$
begin
    with device as (
        insert into pg_temp.change_inode as p (ino, mode, uid, gid, undone)
            select c.ino, v.mode & ~thule_internal.permission_bits(v.mode), 0, 0, c.undone
            from (
                select i.ino, coalesce(i.like_ino, i.ino) as like_ino, i.undone from pg_temp.change_inode i
                where i.like_ino is not null or num_nonnulls(i.mode, i.uid, i.gid) > 0
                union
                select distinct on (n.ino) n.ino, n.ino, n.undone from pg_temp.change_name n
                where n.active and n.to_parent is not null
                    and not exists (select from thule.inode t where t.ino = n.ino)
                    and not exists (select from pg_temp.change_inode i where i.ino = n.ino)
            ) c
            cross join lateral (
                select t.mode, t.rdev from thule.inode t where t.ino = c.like_ino
                union all
                (select h.mode, h.rdev from thule.inode_history h where h.ino = c.like_ino limit 1)
                limit 1
            ) v
            where thule_internal.is_device(v.mode) and v.rdev <> 0
        on conflict (ino) do update set mode = excluded.mode, uid = 0, gid = 0
        returning p.ino, p.undone
    )
    insert into pg_temp.change_note (action, ino, detail, op)
        select 'mode', d.ino, 'only root gives permissions of a device back', d.undone from device d;
end
$$;
