-- A plan that was done, in numbers, and what was left.
-- Parameters: viewer, see thule_internal.change_plan. Returns: a JSON object.
-- Tables touched: dirent, dirent_history, op, actor (read).
create function thule_internal.change_result(viewer bigint[] default null) returns jsonb
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
        where c.active
    ) || (
        select jsonb_build_object(
            'content', count(*) filter (where i.content),
            'attributes', (
                select count(*)
                from (
                    select a.ino from pg_temp.change_inode a
                    where a.like_ino is null and num_nonnulls(a.mode, a.uid, a.gid, a.atime_ns, a.mtime_ns, a.flags) > 0
                    union
                    select x.ino from pg_temp.change_xattr x
                ) t))
        from pg_temp.change_inode i
    ) || jsonb_build_object('conflicts', (
        select coalesce(jsonb_agg(jsonb_build_object('action', p.action, 'path', p.path, 'detail', p.detail, 'op', p.op, 'by',
            p."by")), '[]')
        from thule_internal.change_plan(true, viewer) p));
end
$$;
