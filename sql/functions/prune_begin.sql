-- Declares the past before an op gone; thule.prune_step then deletes it, bit by bit. From the commit on, asking for an
-- earlier instant is an error instead of an answer that is not whole.
-- Parameters: horizon, the op whose state is the oldest that is kept, snapshots excepted. An earlier one than
--   before changes nothing.
-- Returns: nothing. Errors: an op that has not happened (invalid_parameter_value), those of thule.history_alone.
-- Tables touched: superblock (written), op (read).
create function thule.prune_begin(horizon bigint) returns void
language plpgsql strict
as $$
begin
    perform thule.history_alone();
    if horizon > (select o.op from thule.op o order by o.op desc limit 1) then
        raise exception using errcode = 'invalid_parameter_value', message = format('op %s has not happened', horizon);
    end if;
    update thule.superblock s
    set pruned_op = horizon,
        pruned_before = (select o.at from thule.op o where o.op <= horizon order by o.op desc limit 1)
    where s.pruned_op < horizon;
end
$$;
