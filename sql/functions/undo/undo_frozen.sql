-- Finds what an undo has to leave alone because it is immutable or append-only (chattr(1)), and is to be so.
-- Parameters: none. Returns: nothing; adds to pg_temp.change_frozen.
-- Tables touched: inode, inode_history, op, op_kind (read).
-- Flags that were set by what is undone protect nothing: they go back like the rest; nor do those of what is open without a name.
create function thule_internal.undo_frozen() returns void
language plpgsql
as $$
begin
    insert into pg_temp.change_frozen (ino, append, op)
        select i.ino, i.flags & 16 = 0, f.op_from
        from (
            select v.ino from pg_temp.undo_op u cross join lateral (values (u.ino), (u.parent), (u.new_parent)) v (ino)
            union
            select v.ino from pg_temp.change_name c cross join lateral (values (c.ino), (c.from_parent), (c.to_parent)) v (ino)
        ) c
        join thule.inode i on i.ino = c.ino and i.flags & 48 <> 0 and i.nlink > 0
        cross join lateral (
            select a.flags, a.op_from
            from (
                select v.flags, v.op_from, lag(v.flags) over (order by v.op_from) as before
                from (
                    select n.flags, n.op_from from thule.inode n where n.ino = c.ino
                    union all
                    select h.flags, h.op_from from thule.inode_history h where h.ino = c.ino
                ) v
            ) a
            left join thule.op o on o.op = a.op_from
            where (a.flags is distinct from a.before or o.kind = any (array(select k.id from thule.op_kind k where k.sets_flags)))
                and not exists (select from pg_temp.undo_op u where u.op = a.op_from)
                and not exists (select from pg_temp.undo_back b where b.op = a.op_from)
                and not exists (select from pg_temp.undo_moot m
                    join pg_temp.undo_back b on b.request = m.request
                    join thule.op p on p.op = b.op and p.ino = c.ino and p.kind = any (array(select k.id from thule.op_kind k where k.sets_flags))
                    where m.op = a.op_from)
            order by a.op_from desc limit 1
        ) f
        where f.flags & 48 <> 0;
end
$$;
