-- Gives an instant a name: thule.instant then reads it, and pruning keeps it.
-- Parameters: name; by, who does it; t, an instant as thule.instant reads it (null: the last op that is committed).
-- Returns: the row. Errors: those of thule_internal.check_snapshot_name, a name that is taken (duplicate_object), those of
--   thule.instant_op.
-- Tables touched: snapshot (written), op, superblock (read).
create function thule_internal.snapshot_create(name text, by text, t text default null) returns thule.snapshot
language plpgsql
as $$
declare
    at_op bigint;
    made  thule.snapshot;
begin
    perform thule_internal.check_snapshot_name(name);
    -- Nothing may be pruned between finding an instant and naming it.
    perform thule_internal.history_shared();
    at_op := coalesce(thule.instant_op(t), thule.op_at('infinity'));
    insert into thule.snapshot (name, op, at, created_by)
        select snapshot_create.name, o.op, o.at, by from thule.op o where o.op = at_op
        on conflict do nothing
        returning * into made;
    if made.name is null then
        raise exception using errcode = 'duplicate_object',
            message = format('there is a snapshot %s already', quote_literal(name)),
            hint = 'Take another name, or delete that one with `thule snapshot delete`.';
    end if;
    return made;
end
$$;
