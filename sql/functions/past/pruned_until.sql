-- Until which op names, and so paths, may have been pruned that ops in the log were about.
-- Returns: the op; no row where nothing was pruned: what is joined with it then is not looked at, whatever statistics say of how much it is.
-- Tables touched: superblock, pruned_inode (read).
create function thule_internal.pruned_until() returns table (op bigint)
language sql stable parallel safe rows 1
begin atomic
    select p.op
    from (select greatest((select s.pruned_op from thule.superblock s), (select max(i.op) from thule.pruned_inode i)) as op offset 0) p
    where p.op > 0;
end;
