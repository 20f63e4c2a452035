-- Whether text reads as an instant without being the name of a snapshot.
-- Parameters: t. Returns: boolean.
-- Tables touched: none.
create function thule.is_instant(t text) returns boolean
language plpgsql stable strict parallel unsafe
as $$
begin
    perform t::timestamptz;
    return true;
exception when data_exception then
    return thule.typed_op(t) is not null or thule.age_of(t) is not null;
end
$$;
