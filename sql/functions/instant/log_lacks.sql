-- Whether ops were pruned from the log (thule_internal.prune_log) after an instant.
-- Parameters: since, system time; null: the beginning.
-- Returns: the op from which on the log is whole; null where it is so since that instant.
-- Tables touched: superblock, op (read).
create function thule_internal.log_lacks(since timestamptz) returns bigint
language sql stable parallel safe
begin atomic
    select s.log_op
    from thule.superblock s
    cross join lateral (select o.at from thule.op o where o.op >= s.log_op order by o.op limit 1) o
    where s.log_op > 0 and coalesce(since, '-infinity') < o.at;
end;
