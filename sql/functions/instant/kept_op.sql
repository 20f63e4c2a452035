-- An op whose state is to be read, if that is kept.
-- Parameters: at_op, an op; t, how the instant was typed.
-- Returns: at_op. Errors: it is from before what was pruned (no_data_found): no answer would be whole.
-- Tables touched: superblock, snapshot (read).
create function thule_internal.kept_op(at_op bigint, t text) returns bigint
language plpgsql stable strict parallel safe
as $$
begin
    if not thule_internal.is_kept(at_op) then
        raise exception using errcode = 'no_data_found',
            message = (select format('%s was pruned: the past is kept from %s (op:%s) on', t, s.pruned_before::timestamptz(0),
                s.pruned_op) from thule.superblock s);
    end if;
    return at_op;
end
$$;

-- The same of the last op that had happened at an instant. Parameters: at, system time.
-- Returns: op, as thule.op_at; null for null. Errors: also those of thule_internal.past_time. Tables touched: also op (read).
create function thule_internal.kept_op(at timestamptz) returns bigint
language sql stable strict parallel safe
return case when thule_internal.sees_tables() then thule_internal.kept_op(thule.op_at(thule_internal.past_time(at, at::text)), at::text)
    else thule_internal.op_seen(at) end;
