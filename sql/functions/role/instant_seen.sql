-- thule.op_at, thule.instant and thule.instant_op for a session that may not read the log: which op was the last one at a time is no secret, what it was is. Of a
-- snapshot one has to know the name, as in .thule/at on the mount.
-- Parameters, returns, errors: those of them, and errors of thule_internal.session_sees. Tables touched: role, and those of them (read).
create function thule_internal.op_at_seen(at timestamptz) returns bigint
language plpgsql stable parallel safe security definer cost 1000
as $$
begin
    perform thule_internal.session_sees();
    return thule.op_at(at);
end
$$;

create function thule_internal.instant_seen(t text) returns timestamptz
language plpgsql stable parallel unsafe security definer
as $$
begin
    perform thule_internal.session_sees();
    return thule.instant(t);
end
$$;

create function thule_internal.instant_op_seen(t text) returns bigint
language plpgsql stable parallel unsafe security definer
as $$
begin
    perform thule_internal.session_sees();
    return thule.instant_op(t);
end
$$;
