-- Refuses what cannot be the name of a snapshot.
-- Parameters: name. Returns: nothing. Errors: a name that could be read as an instant or is no file name (invalid_parameter_value).
-- Tables touched: none.
create function thule_internal.check_snapshot_name(name text) returns void
language plpgsql stable
as $$
begin
    -- It is typed wherever an instant is, and is a folder in DIR/.thule/at.
    if name !~ '^[[:alpha:]_][[:alnum:]_.@+-]*$' or octet_length(name) > 255 then
        raise exception using errcode = 'invalid_parameter_value',
            message = format('%s cannot be the name of a snapshot', quote_literal(name)),
            hint = 'A name begins with a letter and goes on with letters, digits and any of _ . @ + -';
    end if;
    if thule_internal.is_instant(name) then
        raise exception using errcode = 'invalid_parameter_value',
            message = format('%s is a time already', quote_literal(name)),
            hint = 'Take a name that cannot be read as a time.';
    end if;
end
$$;
