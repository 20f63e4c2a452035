-- What differs between the states after two ops; see thule.diff for what the rows say.
-- Parameters: from_op, to_op: ops; top: a path, only what is at or below it, or moved there or away (null: everything).
-- Returns: rows, by path. Errors: from_op after to_op (invalid_parameter_value).
-- Tables touched: op, actor, dirent, dirent_history, inode, inode_history, extent, extent_history, xattr,
--   xattr_history (read).
create function thule.diff_ops(from_op bigint, to_op bigint, top text) returns table (change text, path text,
    old_path text, kind text, what text[], ino bigint, old_size bigint, new_size bigint, op bigint, at timestamptz,
    uid bigint, username text, pid integer, exe text, cmdline text)
language plpgsql stable parallel unsafe cost 100000 rows 10000
set plan_cache_mode = force_custom_plan
set enable_mergejoin = off
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
declare
    below text := (select '/' || string_agg(thule.escape_name(n.name), '/' order by n.i)
        from unnest(thule.path_names(diff_ops.top)) with ordinality n (name, i));
begin
    if from_op > to_op then
        raise exception using errcode = 'invalid_parameter_value',
            message = 'the first instant is after the second: give the earlier one first';
    end if;
    return query
    with recursive row as materialized (
        select * from thule.diff_names(from_op, to_op)
    ), up (past, start, ino, path) as (
        -- From each directory that a name is in up to the root, as of before (past) and after.
        select s.past, s.dir, s.dir, ''
        from (
            select true, r.old_parent from row r where r.change in ('removed', 'renamed')
            union
            select false, r.new_parent from row r where r.new_parent is not null
        ) s (past, dir)
        union all
        select u.past, u.start, e.parent, '/' || thule.escape_name(e.name) || u.path
        from up u
        cross join lateral (
            select d.parent, d.name from thule.dirent d
            where d.ino = u.ino and d.op_from <= case when u.past then from_op else to_op end
            union all
            select d.parent, d.name from thule.dirent_history d
            where d.ino = u.ino and d.op_from <= case when u.past then from_op else to_op end
                and d.op_to > case when u.past then from_op else to_op end
        ) e
        where u.ino <> 1
    ), named as (
        select r.*,
            case when r.change in ('removed', 'renamed') then b.path || '/' || thule.escape_name(r.old_name) end as b_path,
            case when r.new_name is not null then a.path || '/' || thule.escape_name(r.new_name)
                when r.change = 'modified' then '/' end as a_path
        from row r
        left join up b on b.past and b.start = r.old_parent and b.ino = 1
        left join up a on not a.past and a.start = r.new_parent and a.ino = 1
    )
    select n.change, coalesce(n.a_path, n.b_path), case when n.change = 'renamed' then n.b_path end,
        thule.mode_kind(n.mode), n.what, n.ino, n.old_size, n.new_size, n.op, o.at, a.uid, a.username, a.pid, a.exe,
        a.cmdline
    from named n
    left join thule.op o on o.op = n.op and o.op > from_op and o.op <= to_op
    left join thule.actor a on a.id = o.actor
    where below is null or below in (n.a_path, n.b_path)
        or starts_with(n.a_path, below || '/') or starts_with(n.b_path, below || '/')
        -- A directory above it that is not what it was.
        or n.change <> 'modified' and n.mode & 61440 = 16384
            and (starts_with(below, n.a_path || '/') or starts_with(below, n.b_path || '/'))
    order by coalesce(n.a_path, n.b_path) collate "C";
end
$$;
