-- Gives an instant a name: thule.instant then reads it, and pruning keeps it.
-- Parameters: name; by, who does it; t, an instant as thule.instant reads it (null: the last op that is committed).
-- Returns: the row. Errors: a name that could be read as an instant or is no file name (invalid_parameter_value), one
--   that is taken (duplicate_object), those of thule.instant_op.
-- Tables touched: snapshot (written), op, superblock (read).
create function thule.snapshot_create(name text, by text, t text default null) returns thule.snapshot
language plpgsql
as $$
declare
    at_op bigint;
    made  thule.snapshot;
begin
    -- It is typed wherever an instant is, and is a folder in DIR/.thule/at.
    if name !~ '^[[:alpha:]_][[:alnum:]_.@+-]*$' or octet_length(name) > 255 then
        raise exception using errcode = 'invalid_parameter_value',
            message = format('%s cannot be the name of a snapshot', quote_literal(name)),
            hint = 'A name begins with a letter and goes on with letters, digits and any of _ . @ + -';
    end if;
    if thule.is_instant(name) then
        raise exception using errcode = 'invalid_parameter_value',
            message = format('%s is a time already', quote_literal(name)),
            hint = 'Take a name that is none.';
    end if;
    -- Nothing may be pruned between finding an instant and naming it.
    perform thule.history_shared();
    at_op := coalesce(thule.instant_op(t), thule.op_at('infinity'));
    insert into thule.snapshot (name, op, at, created_by)
        select snapshot_create.name, o.op, o.at, by from thule.op o where o.op = at_op
        on conflict do nothing
        returning * into made;
    if made.name is null then
        raise exception using errcode = 'duplicate_object',
            message = format('there is a snapshot %s already', quote_literal(name));
    end if;
    return made;
end
$$;
