-- A time at which something is asked of the past, if it has come.
-- Parameters: at, system time; t, how it was typed.
-- Returns: at. Errors: it is in the future, also by the clock of the host that made the last op (no_data_found).
-- Tables touched: op (read).
create function thule_internal.past_time(at timestamptz, t text) returns timestamptz
language plpgsql stable strict parallel safe
as $$
begin
    -- The clock of the host that made the last op may be ahead of this one.
    if at > clock_timestamp() and at > (select o.at from thule.op o order by o.op desc limit 1) then
        raise exception using errcode = 'no_data_found',
            message = format('%s is in the future: it is %s now', t, clock_timestamp()::timestamptz(0));
    end if;
    return at;
end
$$;
