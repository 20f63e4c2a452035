-- The bytes of an escaped name; the reverse of thule.escape_name. Also takes escapes that were not needed
-- (\x41 is A) and upper-case hex digits.
-- Parameters: name, in which every backslash begins \xNN.
-- Returns: bytea; null for null. Any other backslash is an error (invalid_escape_sequence).
-- Tables touched: none.
create function thule.unescape_name(name text) returns bytea
language plpgsql immutable strict parallel safe
as $$
begin
    if strpos(name, E'\\') = 0 then
        return convert_to(name, 'UTF8');
    end if;
    if name !~ E'^([^\\\\]|\\\\x[0-9a-fA-F]{2})*$' then
        raise exception using errcode = 'invalid_escape_sequence',
            message = format(E'a backslash in %s does not begin \\xNN', quote_literal(name)),
            hint = E'Write a backslash that is part of a name as \\x5c.';
    end if;
    return (
        select string_agg(
            case when part[1] like E'\\\\x__' then decode(substr(part[1], 3), 'hex')
                 else convert_to(part[1], 'UTF8') end, '' order by n)
        from regexp_matches(name, E'(\\\\x..|[^\\\\]+)', 'g') with ordinality as m (part, n));
end
$$;

comment on function thule.unescape_name(text) is
    'Bytes of an escaped name, the reverse of thule.escape_name. A backslash that begins no \xNN is an error. Example: select * from thule.dirent where name = thule.unescape_name(''caf\xe9'');';
