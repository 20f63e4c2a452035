-- Gives a snapshot another name.
-- Parameters: name; new_name. Returns: nothing. Errors: those of thule_internal.check_snapshot_name of the new one; there is no such
--   snapshot (no_data_found); the new name is taken (duplicate_object).
-- Tables touched: snapshot (written).
create function thule_internal.snapshot_rename(name text, new_name text) returns void
language plpgsql strict
as $$
begin
    perform thule_internal.check_snapshot_name(new_name);
    update thule.snapshot s set name = new_name where s.name = snapshot_rename.name;
    if not found then
        raise exception using errcode = 'no_data_found',
            message = format('there is no snapshot %s', quote_literal(name)),
            hint = '`thule snapshot list` shows which there are.';
    end if;
exception when unique_violation then
    raise exception using errcode = 'duplicate_object',
        message = format('there is a snapshot %s already', quote_literal(new_name)),
        hint = 'Take another name, or delete that one with `thule snapshot delete`.';
end
$$;
