-- Takes a setting of the filesystem back.
-- Parameters: key. Returns: nothing. Errors: it was not set (no_data_found).
-- Tables touched: config (written).
create function thule_internal.config_unset(key text) returns void
language plpgsql strict
as $$
begin
    delete from thule.config c where c.key = config_unset.key;
    if not found then
        raise exception using errcode = 'no_data_found', message = format('%s is not set', quote_literal(key)),
            hint = '`thule config list` shows what is.';
    end if;
end
$$;
