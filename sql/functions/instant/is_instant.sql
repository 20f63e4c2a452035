-- Whether text reads as an instant without being the name of a snapshot.
-- Parameters: t. Returns: boolean.
-- Tables touched: none.
create function thule_internal.is_instant(t text) returns boolean
language plpgsql stable strict parallel unsafe
as $$
begin
    perform t::timestamptz;
    return true;
exception when data_exception then
    return thule_internal.typed_op(t) is not null or thule_internal.age_of(t) is not null;
end
$$;
