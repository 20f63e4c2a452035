-- The inodes that were one file to people, one after the other: programs save a file by renaming a new one over it, or by renaming it away and
-- making another one of its name.
-- Parameters: ino, the last of them, which has or had the name; name, unescaped; upto, an op.
-- Returns: rows, the last one first: step, from 0 on; ino; until, the last op that it had the name before, or upto; began, the op that gave it the name, null where
--   it never had it; and whether what was before that is not known because names were pruned. Directories have but themselves.
-- Tables touched: dirent, dirent_history, inode, inode_history, op, op_kind, superblock (read).
-- The one before lost the name to the op that gave it to this one, or to an earlier one of the same process. Where names were pruned, only the former is sure: there
-- may have been another file in between.
create function thule_internal.file_chain(ino bigint, name bytea, upto bigint)
    returns table (step integer, ino bigint, until bigint, began bigint, pruned boolean)
language sql stable parallel safe rows 5
begin atomic
    with recursive entry as not materialized (
        select d.parent, d.name, d.ino, d.op_from, d.op_to from thule.dirent d
        union all
        select d.parent, d.name, d.ino, d.op_from, d.op_to from thule.dirent_history d
    ), head as (
        select e.parent, e.op_from from entry e
        where e.ino = file_chain.ino and e.name = file_chain.name and e.op_from <= upto
        order by e.op_from desc limit 1
    ), chain (step, ino, parent, began, until) as (
        select 0, file_chain.ino, h.parent, h.op_from, upto from (select) one left join head h on true
        union all
        select c.step + 1, p.ino, c.parent, p.op_from, p.op_to
        from chain c
        cross join lateral (
            select h.ino, h.op_from, h.op_to from thule.dirent_history h
            where h.parent = c.parent and h.name = file_chain.name and h.op_from < c.began and h.op_to <= c.began
            order by h.op_from desc limit 1
        ) p
        where not exists (
                select from thule.inode i where i.ino in (c.ino, p.ino) and thule_internal.is_directory(i.mode)
                union all
                select from thule.inode_history i where i.ino in (c.ino, p.ino) and thule_internal.is_directory(i.mode))
            and (p.op_to = c.began
                or p.op_to > (select s.pruned_op from thule.superblock s)
                    and (select o.actor from thule.op o where o.op = p.op_to) = (select o.actor from thule.op o where o.op = c.began))
    )
    select c.step, c.ino, c.until, c.began,
        c.step = max(c.step) over () and coalesce(c.began <= (select s.pruned_op from thule.superblock s)
            and not exists (select from thule.op o join thule.op_kind k on k.id = o.kind where o.op = c.began and not k.replaces), false)
    from chain c
    order by c.step;
end;
