-- What differs between the states after two ops, where there are many in between: all is merged in the order of inodes.
-- Parameters: from_op, to_op: ops; low, high: of the inodes from low on, and below high. Returns: rows of thule_internal.diff_part.
-- Tables touched: superblock, and those of thule_internal.diff_part (read).
-- Tables and indexes come in the order of inodes or nearly so: merging them costs two thirds of what hashing does, whose
-- tables do not fit in the caches of a processor. The planner does not know that, nor how many rows there are. No processes
-- of its own: it runs in one of two.
create function thule_internal.diff_many(from_op bigint, to_op bigint, low bigint, high bigint) returns table (change text,
    what text[], ino bigint, mode integer, old_path text, new_path text, old_size bigint, new_size bigint, op bigint,
    at timestamptz, actor bigint)
language plpgsql stable strict parallel safe cost 100000000 rows 100000
set plan_cache_mode = force_custom_plan
set max_parallel_workers_per_gather = 0
set enable_hashjoin = off
set enable_hashagg = off
set enable_nestloop = off
set work_mem = '64MB'
set jit = off
as $$
declare
    pruned constant boolean := (select s.log_op > from_op + 1 from thule.superblock s);
begin
    return query select * from thule_internal.diff_part(from_op, to_op, low, high, true, pruned);
end
$$;
