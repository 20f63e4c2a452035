-- Takes a setting of the filesystem back.
-- Parameters: key. Returns: nothing. Errors: it was not set (no_data_found).
-- Tables touched: config (written).
create function thule.config_unset(key text) returns void
language plpgsql strict
as $$
begin
    delete from thule.config c where c.key = config_unset.key;
    if not found then
        raise exception using errcode = 'no_data_found', message = format('%s is not set', quote_literal(key));
    end if;
end
$$;
