-- Functions and operators of SQLite that queries for osquery use and PostgreSQL lacks. They are found by who has schema osquery in the search_path.

-- A time as SQLite's date functions take it, with its modifiers.
-- Parameters: value: seconds since 1970 or a Julian day, `now`, or a date and time; modifiers: unixepoch, auto, localtime, utc, start of day|month|year, and
--   NUMBER seconds, minutes, hours, days, months or years with a sign before it or without.
-- Returns: a time without zone, in UTC unless a modifier says else; null for what SQLite does not understand either. Tables touched: none.
create function thule_internal.sqlite_time(value text, modifiers text[]) returns timestamp
language plpgsql stable
as $$
declare
    modifier text;
    result   timestamp;
    part     text[];
begin
    if value ~ E'^[+-]?\\d+(\\.\\d+)?$' then
        result := case when modifiers && array['unixepoch', 'auto'] then to_timestamp(value::float8) at time zone 'UTC'
            else to_timestamp((value::float8 - 2440587.5) * 86400) at time zone 'UTC' end;
    elsif lower(value) = 'now' then
        result := now() at time zone 'UTC';
    else
        result := value::timestamptz at time zone 'UTC';
        if value !~ E'(Z|[+-]\\d\\d:?\\d\\d)$' then
            result := value::timestamp;
        end if;
    end if;
    foreach modifier in array coalesce(modifiers, '{}') loop
        part := regexp_match(lower(modifier), E'^([+-]?\\d+(?:\\.\\d+)?) +(second|minute|hour|day|month|year)s?$');
        result := case
            when part is not null then result + part[1]::float8 * ('1 ' || part[2])::interval
            when lower(modifier) in ('unixepoch', 'auto') then result
            when lower(modifier) = 'localtime' then result at time zone 'UTC' at time zone current_setting('timezone')
            when lower(modifier) = 'utc' then result at time zone current_setting('timezone') at time zone 'UTC'
            when lower(modifier) ~ '^start of (day|month|year)$' then date_trunc(substr(lower(modifier), 10), result)
        end;
    end loop;
    return result;
exception when invalid_datetime_format or datetime_field_overflow or invalid_text_representation then
    return null;
end
$$;

-- Date and time as text, in UTC.
-- Parameters: those of thule_internal.sqlite_time. Returns: text, YYYY-MM-DD HH:MM:SS; null for null. Tables touched: none.
create function osquery.datetime(value text, variadic modifiers text[] default '{}') returns text
language sql stable
return to_char(date_trunc('second', thule_internal.sqlite_time(value, modifiers)), 'YYYY-MM-DD HH24:MI:SS');

comment on function osquery.datetime(text, text[]) is
    'As SQLite has it: date and time as text, in UTC. Example: select osquery.datetime(''now'', ''-1 day'');';

create function osquery.datetime(value bigint, variadic modifiers text[] default '{}') returns text
language sql stable
return to_char(date_trunc('second', thule_internal.sqlite_time(value::text, modifiers)), 'YYYY-MM-DD HH24:MI:SS');

comment on function osquery.datetime(bigint, text[]) is
    'As SQLite has it: date and time as text, in UTC, of seconds since 1970 with unixepoch. Example: select osquery.datetime(1700000000, ''unixepoch'');';

create function osquery.date(value bigint, variadic modifiers text[]) returns text
language sql stable
return to_char(thule_internal.sqlite_time(value::text, modifiers), 'YYYY-MM-DD');

comment on function osquery.date(bigint, text[]) is
    'As SQLite has it: the date as text, in UTC, of seconds since 1970 with unixepoch. Example: select osquery.date(1700000000, ''unixepoch'');';

-- A time in a format.
-- Parameters: format, with %Y %m %d %H %M %S %s %j %w %%; the others as of thule_internal.sqlite_time. Returns: text. Tables touched: none.
create function osquery.strftime(format text, value text, variadic modifiers text[] default '{}') returns text
language sql stable
begin atomic
    select string_agg(case p.part[1]
        when '%Y' then to_char(t.at, 'YYYY') when '%m' then to_char(t.at, 'MM') when '%d' then to_char(t.at, 'DD') when '%H' then to_char(t.at, 'HH24')
        when '%M' then to_char(t.at, 'MI') when '%S' then to_char(t.at, 'SS') when '%j' then to_char(t.at, 'DDD') when '%w' then extract(dow from t.at)::text
        when '%s' then floor(extract(epoch from t.at))::text when '%%' then '%' else p.part[1] end, '' order by p.n)
    from thule_internal.sqlite_time(value, modifiers) t (at)
    cross join lateral regexp_matches(format, '%.|[^%]+', 'g') with ordinality p (part, n)
    where t.at is not null;
end;

comment on function osquery.strftime(text, text, text[]) is
    'As SQLite has it: a time in a format of %Y, %m, %d, %H, %M, %S, %s, %j, %w. Example: select osquery.strftime(''%s'', ''now'', ''-1 hour'');';

create function osquery.strftime(format text, value bigint, variadic modifiers text[] default '{}') returns text
language sql stable
return osquery.strftime(format, value::text, variadic modifiers);

comment on function osquery.strftime(text, bigint, text[]) is
    'As SQLite has it: a time in a format, of seconds since 1970 with unixepoch. Example: select osquery.strftime(''%Y'', 1700000000, ''unixepoch'');';

create function osquery.unixepoch(value text default 'now', variadic modifiers text[] default '{}') returns bigint
language sql stable
return floor(extract(epoch from thule_internal.sqlite_time(value, modifiers)))::bigint;

comment on function osquery.unixepoch(text, text[]) is
    'As SQLite has it: seconds since 1970. Example: select osquery.unixepoch(''now'', ''-1 day'');';

create function osquery.ifnull(value anycompatible, instead anycompatible) returns anycompatible
language sql immutable parallel safe
as 'select coalesce(value, instead)';

comment on function osquery.ifnull(anycompatible, anycompatible) is 'As SQLite has it: the second value where the first is NULL. Example: select osquery.ifnull(null, 1);';

create function osquery.iif(condition boolean, yes anycompatible, no anycompatible) returns anycompatible
language sql immutable parallel safe
as 'select case when condition then yes else no end';

comment on function osquery.iif(boolean, anycompatible, anycompatible) is 'As SQLite has it: one value or the other. Example: select osquery.iif(true, 1, 2);';

create function osquery.instr(whole text, part text) returns integer
language sql immutable parallel safe
return strpos(whole, part);

comment on function osquery.instr(text, text) is 'As SQLite has it: where a part begins in a text, from 1; 0: nowhere. Example: select osquery.instr(''abc'', ''c'');';

create function osquery.split(whole text, tokens text, index integer) returns text
language sql immutable parallel safe
begin atomic
    select (array_agg(p.part order by p.n))[split.index + 1]
    from regexp_split_to_table(whole, '[' || regexp_replace(tokens, '([\]\\^-])', '\\\1', 'g') || ']') with ordinality p (part, n)
    where p.part <> '';
end;

comment on function osquery.split(text, text, integer) is
    'As osquery has it: a part of a text between any of the characters of tokens, from 0; NULL: it has not so many. Example: select osquery.split(''/a/b'', ''/'', 1);';

create function osquery.regex_match(whole text, pattern text, index integer) returns text
language sql immutable parallel safe
return (regexp_match(whole, '(' || pattern || ')'))[index + 1];

comment on function osquery.regex_match(text, text, integer) is
    'As osquery has it: what a pattern matches, 0, or a group of it, from 1; NULL: it does not match. Example: select osquery.regex_match(''a.txt'', ''\.(\w+)$'', 1);';

-- The next state of the aggregates below: NULL is left out.
create function thule_internal.group_concat(so_far text, value text, separator text) returns text
language sql immutable parallel safe
return case when so_far is null then value when value is null then so_far else so_far || separator || value end;

create function thule_internal.group_concat(so_far text, value text) returns text
language sql immutable parallel safe
return thule_internal.group_concat(so_far, value, ',');

create aggregate osquery.group_concat (text) (sfunc = thule_internal.group_concat, stype = text);
comment on function osquery.group_concat(text) is
    'As SQLite has it: texts with commas between. Example: select osquery.group_concat(path) from osquery.suid_bin;';

create aggregate osquery.group_concat (text, text) (sfunc = thule_internal.group_concat, stype = text);
comment on function osquery.group_concat(text, text) is
    'As SQLite has it: texts with a separator between. Example: select osquery.group_concat(path, '' '') from osquery.suid_bin;';

-- In SQLite a text counts as the number that it is: `time > strftime('%s', 'now') - 3600`; and == is =.
create function thule_internal.text_minus(a text, b bigint) returns bigint language sql immutable strict parallel safe return a::numeric::bigint - b;
create function thule_internal.text_plus(a text, b bigint) returns bigint language sql immutable strict parallel safe return a::numeric::bigint + b;
create function thule_internal.bigint_lt(a bigint, b text) returns boolean language sql immutable strict parallel safe return a < b::numeric;
create function thule_internal.bigint_le(a bigint, b text) returns boolean language sql immutable strict parallel safe return a <= b::numeric;
create function thule_internal.bigint_eq(a bigint, b text) returns boolean language sql immutable strict parallel safe return a = b::numeric;
create function thule_internal.bigint_ge(a bigint, b text) returns boolean language sql immutable strict parallel safe return a >= b::numeric;
create function thule_internal.bigint_gt(a bigint, b text) returns boolean language sql immutable strict parallel safe return a > b::numeric;
create operator osquery.- (leftarg = text, rightarg = bigint, function = thule_internal.text_minus);
create operator osquery.+ (leftarg = text, rightarg = bigint, function = thule_internal.text_plus);
create operator osquery.< (leftarg = bigint, rightarg = text, function = thule_internal.bigint_lt);
create operator osquery.<= (leftarg = bigint, rightarg = text, function = thule_internal.bigint_le);
create operator osquery.= (leftarg = bigint, rightarg = text, function = thule_internal.bigint_eq);
create operator osquery.>= (leftarg = bigint, rightarg = text, function = thule_internal.bigint_ge);
create operator osquery.> (leftarg = bigint, rightarg = text, function = thule_internal.bigint_gt);
create operator osquery.== (leftarg = text, rightarg = text, function = texteq);
create operator osquery.== (leftarg = bigint, rightarg = bigint, function = int8eq);
