-- The last op of a selection that ends at an instant that people typed, the instant included.
-- Parameters: t, as thule.instant takes it. An op, or a snapshot, is that op whatever its time is: the clock may have been set back.
-- Returns: op; null for null. Errors: those of thule.instant.
-- Tables touched: op, snapshot, clock_step (read).
create function thule_internal.op_until(t text) returns bigint
language plpgsql stable strict parallel unsafe
as $$
declare
    at timestamptz := thule.instant(t);
begin
    return coalesce((select s.op from thule.snapshot s where s.name = t),
        thule_internal.typed_op(t)::bigint, thule.op_at(at));
end
$$;
