-- The last op that had happened at an instant that people typed: what the functions that read the past take.
-- Parameters: t, as thule.instant takes it.
-- Returns: op; null for null. Errors: those of thule.instant; no_data_found when the instant lies before the beginning
--   of the filesystem, in the future, or before what was pruned.
-- Tables touched: op, snapshot, superblock (read).
create function thule.instant_op(t text) returns bigint
language plpgsql stable strict parallel unsafe
as $$
declare
    at    timestamptz := thule.instant(t);
    first record;
    found_op bigint;
begin
    if not thule_internal.sees_tables() then
        return thule_internal.instant_op_seen(t);
    end if;
    select s.op into found_op from thule.snapshot s where s.name = t;
    if found_op is not null then            -- pruning keeps what was true at a snapshot
        return found_op;
    end if;
    if thule_internal.typed_op(t) is not null then   -- whatever its time is: the clock may have been set back
        return thule_internal.kept_op(thule_internal.typed_op(t)::bigint, t);
    end if;
    select o.op, o.at into first from thule.op o order by o.op limit 1;
    found_op := thule.op_at(thule_internal.past_time(at, t));
    perform thule_internal.kept_op(found_op, t);
    if found_op = 0 then
        raise exception using errcode = 'no_data_found',
            message = format('%s is before the beginning: this filesystem was made at %s', t, first.at::timestamptz(0));
    end if;
    return found_op;
end
$$;

comment on function thule.instant_op(text) is
    'Last op that had happened at an instant as people type it (thule.instant). An instant that is in the future or was pruned is an error. Example: select thule.content_at_op(''/a/b'', thule.instant_op(''2 days''));';
