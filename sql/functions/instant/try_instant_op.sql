-- thule.instant_op for a name that anybody may have made up: what is no instant is an answer, not an error, which would be a
-- line of the server's log each time.
-- Parameters: t, in UTF-8. Returns: op; null where t is no instant, or one that is not kept.
-- Tables touched: op, snapshot, superblock (read).
create function thule_internal.try_instant_op(t bytea) returns bigint
language plpgsql stable strict parallel unsafe
as $$
begin
    return thule.instant_op(convert_from(t, 'UTF8'));
exception when data_exception or no_data_found then
    return null;
end
$$;
