-- Refuses a path or a name that is not escaped as thule.escape_name does: for those who type it, thule.unescape_name says the same.
-- Parameters: typed. Returns: nothing. Errors: a backslash that begins no \xNN (EINVAL). Tables touched: none.
create function thule_internal.write_escapes(typed text) returns void
language plpgsql immutable
as $$
begin
    if strpos(typed, E'\\') > 0 and typed !~ E'^([^\\\\]|\\\\x[0-9a-fA-F]{2})*$' then
        perform thule_internal.fail('EINVAL', format(E'%s: a backslash does not begin \\xNN', left(typed, 100)),
            E'Write a backslash that is part of a name as \\x5c.');
    end if;
end
$$;
