-- Whether the state after an op is one that may be asked for: not of before what was pruned, or that of a snapshot.
-- Parameters: at_op, an op (2^63-1: the present). Returns: boolean.
-- Tables touched: superblock, snapshot (read).
-- In one statement with what reads the past, it makes what that says sure: pruning declares before it deletes
-- (thule_internal.prune_begin).
-- PL/pgSQL keeps the plan for the session; a function in SQL that is called is planned anew by each statement, which takes longer than it runs.
create function thule_internal.is_kept(at_op bigint) returns boolean
language plpgsql stable strict parallel safe
as $$
begin
    return (select s.pruned_op <= at_op or exists (select from thule.snapshot p where p.op = at_op) from thule.superblock s);
end
$$;
