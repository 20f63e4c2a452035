-- What differs between the states after two ops, where there are few in between: things are looked up one by one.
-- Parameters: from_op, to_op: ops. Returns: rows of thule_internal.diff_part.
-- Errors: from_op after to_op (invalid_parameter_value). Tables touched: superblock, and those of thule_internal.diff_part (read).
-- Planned anew for each call, because a second and a day want different plans: versions that ended in between are found
-- by the BRIN indexes on op_to, what there is now by inode or by one scan.
create function thule_internal.diff_few(from_op bigint, to_op bigint) returns table (change text, what text[], ino bigint,
    mode integer, old_path text, new_path text, old_size bigint, new_size bigint, op bigint, at timestamptz, actor bigint)
language plpgsql stable strict parallel safe cost 100000 rows 1000
set plan_cache_mode = force_custom_plan
set max_parallel_workers_per_gather = 0
set enable_mergejoin = off
set work_mem = '64MB'
set jit = off
as $$
declare
    -- The log of what a snapshot is compared with may be pruned; then it cannot say what is not worth a look.
    pruned constant boolean := (select s.log_op > from_op + 1 from thule.superblock s);
    scan   constant boolean := pruned or (to_op - from_op) * 10 > (
        select c.reltuples from pg_catalog.pg_class c where c.oid = 'thule.dirent'::regclass);
begin
    if from_op > to_op then
        raise exception using errcode = 'invalid_parameter_value',
            message = 'the first instant is after the second: give the earlier one first';
    end if;
    return query select * from thule_internal.diff_part(from_op, to_op, 0, thule_internal.no_limit(), scan, pruned);
end
$$;
