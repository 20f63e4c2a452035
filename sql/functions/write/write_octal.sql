-- A mode as chmod(1) takes it and thule.file.octal shows it, for those who type it in quotes: '0644'.
-- Parameters: typed, octal, begun with 0; null is null. Returns: the number. Errors: EINVAL.
-- Tables touched: none.
-- The 0 is demanded because some drivers send numbers as text of no type: what means 420 must not become 0420.
create function thule_internal.write_octal(typed text) returns integer
language plpgsql immutable strict
as $$
declare
    mode  integer := 0;
    digit text;
begin
    if typed !~ '^0[0-7]{0,6}$' then
        perform thule_internal.fail('EINVAL', format('%s is no mode', quote_literal(left(typed, 40))),
            'In quotes a mode is octal and begins with 0: ''0644''. Without quotes, or with a type ($2::integer), it is a number: 420.');
    end if;
    foreach digit in array string_to_array(typed, null) loop
        mode := mode * 8 + digit::integer;
    end loop;
    return mode;
end
$$;
