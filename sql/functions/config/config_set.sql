-- Sets a setting of the filesystem.
-- Parameters: key, one of
--     retention   an age ('90d', '1 year'): what `thule prune` keeps unless it is told otherwise;
--   value; by, who does it.
-- Returns: nothing. Errors: an unknown key, a value that the key cannot have (invalid_parameter_value).
-- Tables touched: config (written).
create function thule_internal.config_set(key text, value text, by text) returns void
language plpgsql strict
as $$
begin
    if key <> all (thule_internal.config_keys()) then
        raise exception using errcode = 'invalid_parameter_value',
            message = format('there is no setting %s', quote_literal(key)), hint = format('There is: %s.', array_to_string(thule_internal.config_keys(), ', '));
    end if;
    if thule_internal.history_age(value) = interval '0' then
        raise exception using errcode = 'invalid_parameter_value',
            message = 'with a retention of nothing `thule prune` would delete all history',
            hint = '`thule prune --keep 0s` does that once.';
    end if;
    insert into thule.config as c values (key, value, now(), by)
        on conflict on constraint config_pkey do update set value = excluded.value, set_at = now(), set_by = excluded.set_by;
end
$$;
