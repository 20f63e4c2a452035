-- Whether the state after an op is one that may be asked for: not of before what was pruned, or that of a snapshot.
-- Parameters: at_op, an op (2^63-1: the present). Returns: boolean.
-- Tables touched: superblock, snapshot (read).
-- In one statement with what reads the past, it makes what that says sure: pruning declares before it deletes
-- (thule_internal.prune_begin).
create function thule_internal.is_kept(at_op bigint) returns boolean
language sql stable strict parallel safe
begin atomic
    select s.pruned_op <= at_op or exists (select from thule.snapshot p where p.op = at_op) from thule.superblock s;
end;
