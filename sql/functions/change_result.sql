-- A plan that was done, in numbers, and what was left.
-- Parameters: none. Returns: a JSON object.
-- Tables touched: dirent, dirent_history, op, actor (read).
create function thule.change_result() returns jsonb
language plpgsql
as $$
#variable_conflict use_column
begin
    return (
        select jsonb_build_object(
            'brought_back', count(*) filter (where c.active and c.from_parent is null),
            'removed', count(*) filter (where c.active and c.to_parent is null),
            'renamed', count(*) filter (where c.active and c.from_parent is not null and c.to_parent is not null))
        from pg_temp.change_name c
    ) || (
        select jsonb_build_object(
            'content', count(*) filter (where i.content),
            'attributes', count(*) filter (where i.like_ino is null
                and num_nonnulls(i.mode, i.uid, i.gid, i.atime_ns, i.mtime_ns) > 0))
        from pg_temp.change_inode i
    ) || jsonb_build_object('conflicts', (
        select coalesce(jsonb_agg(jsonb_build_object('action', p.action, 'path', p.path, 'detail', p.detail, 'op', p.op, 'by',
            p."by")), '[]')
        from thule.change_plan(only_conflicts => true) p));
end
$$;
