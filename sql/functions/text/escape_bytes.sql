-- thule.escape_name for names that are more than printable ASCII.
-- Parameters: name, any bytes.
-- Returns: text; null for null.
-- Tables touched: none.
-- Matches hex digits rather than characters, because converting what is not UTF-8 to text would be an error.
create function thule_internal.escape_bytes(name bytea) returns text
language sql immutable strict parallel safe
begin atomic
    select coalesce(string_agg(
        case
            when length(part[1]) > 2 or part[1] ~ '^([2346].|5[^c]|7[^f])$'
                then convert_from(decode(part[1], 'hex'), 'UTF8')
            else '\x' || part[1]
        end, '' order by n), '')
    from regexp_matches(encode(name, 'hex'),
        '([2346].|5[^c]|7[^f]'                          -- ASCII
        '|c2[ab].|(?:c[3-9a-f]|d.)[89ab].'              -- two bytes, without C1 controls
        '|(?:e0[ab].|e[1-9abcef][89ab].|ed[89].)[89ab].'  -- three, without surrogates
        '|(?:f0[9ab].|f[123][89ab].|f48.)[89ab].[89ab].'  -- four, up to U+10FFFF
        '|..)', 'g') with ordinality as m (part, n);
end;
