-- A length of time as people type it, wherever they do: the one place that decides what an age is.
-- Parameters: t, numbers with units, as interval reads them: '10min', '2 days', '1h 30min', '90 days ago'; or as ISO 8601
--   has it: 'P90D', 'PT12H'. A number without a unit is none: nobody can tell whether it means days or seconds.
-- Returns: interval, at least 0; null for what is no age, and for one that no time can lie back.
-- Tables touched: none.
-- Not parallel safe: trying to read text takes subtransactions.
create function thule_internal.age_of(t text) returns interval
language plpgsql stable strict parallel unsafe
as $$
declare
    span   text := regexp_replace(t, E'\\sago\\s*$', '', 'i');
    result interval;
begin
    -- The seconds of 1:30 would be hours, and those of `5 ago` seconds.
    if (span !~ E'^\\s*(\\d+(\\.\\d+)?\\s*[[:alpha:]]+\\s*)+$' or span ~* E'(\\d|\\m)ago\\M' or span ~* E'\\de\\d')
        and span !~ E'^\\s*P(\\d+(\\.\\d+)?[YMWD])*(T(\\d+(\\.\\d+)?[HMS])+)?\\s*$'
    then
        return null;
    end if;
    result := span::interval;
    return case when result >= interval '0' and now() - result <= now() then result end;
exception when data_exception then
    return null;                            -- '5 Jan' looks like an age, and is not
end
$$;
