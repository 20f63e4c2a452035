-- The guard of thule_internal.guard, for statements that seldom want it.
-- Parameters, tables touched: those of thule_internal.guard. Returns: its guard.
-- PL/pgSQL, so that it costs nothing where it is not called: in a statement of its own that of thule_internal.guard is begun in any case,
-- which takes longer than the rest.
create function thule_internal.guard_text(ino bigint, at_op bigint) returns text
language plpgsql stable parallel safe cost 5000
as $$
begin
    return (select g.guard from thule_internal.guard(ino, at_op) g);
end
$$;
