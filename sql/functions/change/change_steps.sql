-- What each op of a plan changes of an inode, for thule_internal.change_apply: an inode has a version from each of them on.
-- Parameters: none; the ops are those of thule_internal.change_order, names are in their places already. Returns: nothing; fills pg_temp.change_step
--   (ino, op, next, content, attributes, flags, links, xattrs): whether the op or one before it changes bytes and size, attributes, flags; how many
--   links and extended attributes there are more than before the first; next is the inode's next op, null after the last.
-- Tables touched: inode, xattr, op_kind (read).
create function thule_internal.change_steps() returns void
language plpgsql
as $$
begin
    insert into pg_temp.change_step (ino, op, next, content, attributes, flags, links, xattrs)
        select e.ino, e.op, lead(e.op) over w as next, bool_or(e.content) over w as content, bool_or(e.attributes) over w as attributes,
            bool_or(e.flags) over w as flags, sum(e.links) over w as links, sum(e.xattrs) over w as xattrs
        from (
            select v.ino, v.op, bool_or(v.content) as content, bool_or(v.attributes) as attributes, bool_or(v.flags) as flags,
                sum(v.links) as links, sum(v.xattrs) as xattrs
            from (
                select o.ino, o.op, k.has_range as content,
                    k.sets_mode or k.sets_owner or k.sets_times as attributes, k.sets_flags as flags, 0 as links,
                    case o.kind when 'setxattr' then 1 else 0 end - case when x.ino is not null then 1 else 0 end as xattrs
                from pg_temp.change_op o
                join thule.op_kind k on k.name = o.kind and (k.has_range or k.changes_attributes)
                left join thule.xattr x on k.changes_xattr and x.ino = o.ino and x.name = o.name
                union all
                -- A directory has a link from each one in it, all others from their names.
                select p.ino, p.op, false, false, false, p.links, 0
                from pg_temp.change_name c
                join pg_temp.change_mode m on m.ino = c.ino
                cross join lateral (select thule_internal.is_directory(m.mode) as dir) k
                cross join lateral (
                    values (c.ino, c.op_off, case when k.dir then 0 else -1 end), (c.ino, c.op_on, case when k.dir then 0 else 1 end),
                        (c.from_parent, c.op_off, case when k.dir then -1 else 0 end), (c.to_parent, c.op_on, case when k.dir then 1 else 0 end)
                ) p (ino, op, links)
                where c.active and p.ino is not null and p.op is not null
            ) v
            group by v.ino, v.op
        ) e
        window w as (partition by e.ino order by e.op);
    create unique index on change_step (ino, op);
    analyze change_step;
end
$$;
