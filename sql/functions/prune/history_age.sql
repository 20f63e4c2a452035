-- How long history is to be kept, as people type it.
-- Parameters: t, an age as thule_internal.age_of reads it. Returns: interval; null for null.
-- Errors: it is no age (invalid_parameter_value). Tables touched: none.
create function thule_internal.history_age(t text) returns interval
language plpgsql stable strict parallel unsafe
as $$
declare
    result interval := thule_internal.age_of(t);
begin
    if result is null then
        raise exception using errcode = 'invalid_parameter_value',
            message = format('%s is no length of time to keep history for', quote_literal(t)),
            hint = 'Give a number with its unit: 90d, 12 hours, 1 year.';
    end if;
    return result;
end
$$;
