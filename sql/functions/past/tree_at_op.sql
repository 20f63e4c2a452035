-- Everything below an inode as it was once an op had happened, each directory followed by what is in it.
-- Parameters: top, an ino; at_op, an op (2^63-1: the present).
-- Returns: rows (path, inode): path in bytes, relative to top ('.' for itself), with a zero byte for each
--   slash, because that sorts; and its columns of thule.inode.
-- Errors: it goes deeper than thule_internal.max_depth() (program_limit_exceeded).
-- Tables touched: dirent, dirent_history, inode, inode_history (read).
create function thule_internal.tree_at_op(top bigint, at_op bigint) returns table (path bytea, inode thule.inode)
language sql stable parallel safe rows 10000
begin atomic
    with recursive tree (path, ino, depth) as (
        select '.'::bytea, top, 0
        union all
        select t.path || '\x00'::bytea || e.name, e.ino, t.depth + 1
        from tree t
        cross join lateral thule_internal.entry_at_op(t.ino, at_op) e
        where t.depth < thule_internal.max_depth() or thule_internal.too_deep(e.ino)
    )
    select t.path, i
    from tree t
    cross join lateral thule_internal.inode_at_op(t.ino, at_op) i
    order by t.path;
end;
