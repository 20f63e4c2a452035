-- An instant that people typed, as whoever does the work later is to read it, maybe in another time zone: an op and a snapshot
-- as they are, for the clock may have been set back; a time or an age as the time that it is here and now.
-- Parameters: t, as thule.instant takes it.
-- Returns: jsonb text that thule.instant reads as the same; null for null. Errors: those of thule.instant.
-- Tables touched: op, snapshot (read).
create function thule_internal.instant_fixed(t text) returns jsonb
language plpgsql stable strict parallel unsafe
as $$
declare
    at timestamptz := thule.instant(t);
begin
    return case when thule_internal.typed_op(t) is not null or exists (select from thule.snapshot s where s.name = t) then to_jsonb(t)
        else to_jsonb(at) end;
end
$$;
