-- Every inode with a name counts for the tree that it is in; a file whose names lie in several, for one of them.
create function thule_internal.fsck_quota_tree() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    with wanted as materialized (
        select t.ino, array_agg(t.project) as projects from thule.quota_tree t group by t.ino
    )
    select 'quota_tree' as check_id, 'error' as severity, i.ino,
        format('counts for tree %s, should count for %s', i.project, coalesce(w.projects, '{0}')) as detail,
        i.op_from as op, 'counted for its tree' as repair
    from thule.inode i
    left join wanted w on w.ino = i.ino
    where i.nlink > 0 and not i.project = any (coalesce(w.projects, '{0}'));
end;

-- In place, as by thule quota.
create function thule_internal.repair_quota_tree() returns void
language plpgsql
as $$
begin
    perform thule_internal.quota_mark();
end
$$;
