-- What differs between the states after two ops; see thule.diff for what the rows say.
-- Parameters: from_op, to_op: ops; top: a path, only what is at or below it, or moved there or away (null: everything).
-- Returns: rows, by path. Errors: from_op after to_op (invalid_parameter_value).
-- Tables touched: actor, and those of thule.diff_part (read).
-- Many ops are worth a second process: each takes the inodes of one part. They are worth scans of whole tables too, and these
-- come in the order of inodes or nearly so: merging them costs two thirds of what hashing does, whose tables do not fit in the
-- caches of a processor. The planner does not know that, nor how many rows there are.
create function thule.diff_ops(from_op bigint, to_op bigint, top text) returns table (change text, path text,
    old_path text, kind text, what text[], ino bigint, old_size bigint, new_size bigint, op bigint, at timestamptz,
    uid bigint, username text, pid integer, exe text, cmdline text)
language plpgsql stable parallel unsafe cost 100000 rows 10000
set plan_cache_mode = force_custom_plan
set enable_mergejoin = off
set enable_hashjoin = on
set enable_hashagg = on
set enable_nestloop = on
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
declare
    below text := (select '/' || string_agg(thule.escape_name(n.name), '/' order by n.i)
        from unnest(thule.path_names(diff_ops.top)) with ordinality n (name, i));
    -- The setting is for tests.
    many constant boolean := to_op - from_op > coalesce(nullif(current_setting('thule.many_ops', true), ''), '50000')::bigint;
    middle bigint := 9223372036854775807;
begin
    if from_op > to_op then
        raise exception using errcode = 'invalid_parameter_value',
            message = 'the first instant is after the second: give the earlier one first';
    end if;
    if many then
        perform set_config('enable_mergejoin', 'on', true), set_config('enable_hashjoin', 'off', true),
            set_config('enable_hashagg', 'off', true), set_config('enable_nestloop', 'off', true);
        -- Half of the inodes are below it, as far as a hundred ops can say.
        middle := (
            select coalesce(percentile_disc(0.5) within group (order by o.ino), 1)
            from generate_series(from_op + 1, to_op, greatest((to_op - from_op) / 100, 1)) s (op)
            cross join lateral (select o.ino from thule.op o where o.op = s.op offset 0) o);
    end if;
    return query
    select r.change, coalesce(r.new_path, r.old_path), case when r.change = 'renamed' then r.old_path end,
        thule.mode_kind(r.mode), r.what, r.ino, r.old_size, r.new_size, r.op, r.at, a.uid, a.username, a.pid, a.exe,
        a.cmdline
    from (
        select * from thule.diff_part(from_op, to_op, 0, middle)
        union all
        select * from thule.diff_part(from_op, to_op, middle, 9223372036854775807) where many
    ) r
    left join lateral (
        select a.uid, a.username, a.pid, a.exe, a.cmdline from thule.actor a where a.id = r.actor offset 0
    ) a on true
    where below is null or below in (r.new_path, r.old_path)
        or starts_with(r.new_path, below || '/') or starts_with(r.old_path, below || '/')
        -- A directory above it that is not what it was.
        or r.change <> 'modified' and r.mode & 61440 = 16384
            and (starts_with(below, r.new_path || '/') or starts_with(below, r.old_path || '/'))
    order by coalesce(r.new_path, r.old_path) collate "C";
end
$$;
