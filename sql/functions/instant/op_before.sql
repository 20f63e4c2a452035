-- The last op before a selection that begins with an instant that people typed, the instant included.
-- Parameters: t, as thule.instant takes it; see thule_internal.op_until.
-- Returns: op, 0 when the selection begins with the log; null for null. Errors: those of thule.instant.
-- Tables touched: op, snapshot, clock_step (read).
create function thule_internal.op_before(t text) returns bigint
language plpgsql stable strict parallel unsafe
as $$
declare
    at timestamptz := thule.instant(t);
begin
    return coalesce((select s.op from thule.snapshot s where s.name = t) - 1,
        thule_internal.typed_op(t)::bigint - 1, thule_internal.op_since(at));
end
$$;
