-- thule_internal.kept_op for a session that may not read the log: the op that was the last one at a time is no secret, what it was is.
-- Parameters, returns, errors: those of thule_internal.kept_op, and errors of thule_internal.session_grant. Tables touched: role, op, superblock, snapshot (read).
create function thule_internal.op_seen(at timestamptz) returns bigint
language plpgsql stable parallel safe security definer cost 1000
as $$
begin
    perform thule_internal.session_sees();
    return thule_internal.kept_op(at);
end
$$;
