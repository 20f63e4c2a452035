-- Takes the name of an instant away. What was kept for it alone goes with the next prune.
-- Parameters: name. Returns: nothing. Errors: there is no such snapshot (no_data_found).
-- Tables touched: snapshot, superblock (written).
create function thule_internal.snapshot_delete(name text) returns void
language plpgsql strict
as $$
declare
    at_op bigint;
begin
    delete from thule.snapshot s where s.name = snapshot_delete.name returning s.op into at_op;
    if not found then
        raise exception using errcode = 'no_data_found',
            message = format('there is no snapshot %s', quote_literal(name)),
            hint = '`thule snapshot list` shows which there are.';
    end if;
    -- Versions that only this snapshot kept ended after its op: prune has to pass there again.
    update thule.superblock set swept_op = at_op where swept_op > at_op;
end
$$;
