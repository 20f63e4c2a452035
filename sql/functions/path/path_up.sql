-- The part of a directory's path that leads up from it to a checkpoint, the first directory above, after some, whose number 16
-- divides, or to the root: the last one that it had, and from when to when it was that.
-- Parameters: ino, of a directory, or null; steps, how many at least.
-- Returns: path, escaped, '' for the root itself, null when none led there in thule_internal.max_depth() steps; above, where it ends,
--   null: at the root; depth, its number of names; op_from, op_to: as of ops from op_from on and before op_to (2^63-1:
--   still) this was the path, null when that is not known. One row of nulls for null, and for what never had a name.
-- Tables touched: dirent, dirent_history (read).
-- What many paths have in common is worked out once for a statement by way of it: see thule_internal.directory_span.
create function thule_internal.path_up(ino bigint, steps integer, out path text, out above bigint, out depth integer, out op_from bigint,
    out op_to bigint)
language plpgsql stable parallel safe cost 1000
as $$
#variable_conflict use_column
begin
    if path_up.ino is null then
        return;
    end if;
    if path_up.ino = 1 then
        path := '';
        depth := 0;
        op_from := 0;
        op_to := thule_internal.present();
        return;
    end if;
    with recursive up (depth, ino, name, op_from, op_to, at_op) as (
        -- As of the last op at which it had a name.
        select 1, n.parent, n.name, n.op_from, n.op_to, n.op_to - 1
        from (
            (select d.parent, d.name, d.op_from, d.op_to from thule.dirent d where d.ino = path_up.ino limit 1)
            union all
            (select d.parent, d.name, d.op_from, d.op_to from thule.dirent_history d where d.ino = path_up.ino
                order by d.op_from desc limit 1)
            limit 1
        ) n
        union all
        select u.depth + 1, n.parent, n.name, n.op_from, n.op_to, u.at_op
        from up u
        cross join lateral (
            -- A directory has one name: where the first table has it, the second is not asked.
            select d.parent, d.name, d.op_from, d.op_to from thule.dirent d where d.ino = u.ino and d.op_from <= u.at_op
            union all
            select d.parent, d.name, d.op_from, d.op_to from thule.dirent_history d
            where d.ino = u.ino and d.op_from <= u.at_op and d.op_to > u.at_op
            limit 1
        ) n
        where u.ino <> 1 and (u.depth < path_up.steps or u.ino % 16 <> 0) and u.depth < thule_internal.max_depth()
    )
    select string_agg('/' || thule.escape_name(u.name), '' order by u.depth desc),
            (array_agg(u.ino order by u.depth desc))[1], max(u.depth), max(u.op_from), min(u.op_to)
        into path, above, depth, op_from, op_to
        from up u;
    if above = 1 then
        above := null;
    elsif above % 16 <> 0 or depth < path_up.steps then
        path := null;
        above := null;
        if depth < thule_internal.max_depth() then   -- it ends in what was not there then; other instants may know more
            op_from := null;
        end if;
    end if;
end
$$;
