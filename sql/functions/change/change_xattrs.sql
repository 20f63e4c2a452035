-- The part of thule_internal.change_apply that concerns extended attributes: those of inodes that went end, those of inodes that are
-- made anew begin, and what pg_temp.change_xattr says is done, each at its op.
-- Parameters: none. Returns: nothing. Inodes that are gone must be gone from thule.inode already, new ones not there yet.
-- Tables touched: xattr, xattr_history, inode, inode_history, op (the last three read).
create function thule_internal.change_xattrs() returns void
language plpgsql
as $$
begin
    with gone as (
        delete from thule.xattr x
        using pg_temp.change_row r
        left join pg_temp.change_xattr c on c.ino = r.ino and not r.gone
        where x.ino = r.ino and (r.gone or c.name = x.name)
        returning x.*, case when r.gone then r.last else c.op end as op
    )
    insert into thule.xattr_history (ino, name, value, op_from, valid_from, op_to, valid_to)
        select g.ino, g.name, g.value, g.op_from, g.valid_from, o.op, o.at
        from gone g
        join thule.op o on o.op = g.op;

    -- A copy has those of then, what comes back those that it had when it went.
    insert into thule.xattr (ino, name, value, op_from, valid_from)
        select r.ino, x.name, x.value, o.op, o.at
        from pg_temp.change_row r
        join thule.op o on o.op = r.first
        left join pg_temp.change_inode i on i.ino = r.ino and i.like_ino is not null
        cross join lateral (
            select p.name, p.value from thule.xattr p where p.ino = i.like_ino and p.op_from <= i.like_op
            union all
            select h.name, h.value from thule.xattr_history h
            where h.ino = i.like_ino and h.op_from <= i.like_op and h.op_to > i.like_op
            union all
            select h.name, h.value
            from thule.xattr_history h
            where i.ino is null and h.ino = r.ino
                and h.op_to = (select max(v.op_to) from thule.inode_history v where v.ino = r.ino)
        ) x
        where not r.gone and not exists (select from thule.inode n where n.ino = r.ino)
            and not exists (select from pg_temp.change_xattr c where c.ino = r.ino and c.name = x.name);
    insert into thule.xattr (ino, name, value, op_from, valid_from)
        select c.ino, c.name, c.value, o.op, o.at
        from pg_temp.change_xattr c
        join pg_temp.change_row r on r.ino = c.ino and not r.gone
        join thule.op o on o.op = coalesce(c.op, r.first)
        where c.value is not null;
end
$$;
