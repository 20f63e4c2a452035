-- The last op that had happened at an instant: that with the largest id among those whose time is not after it. Where the
-- clock was set back, a time may have come twice; the second time counts, and what was done under a wrong clock lies between what was
-- done before and after it.
-- Between two steps of the clock (thule.clock_step) ids and times grow together, so a binary search over the primary key
-- finds it in some 40 probes, and no index on time has to be kept up to date by every write.
-- Parameters: at, system time.
-- Returns: op; 0 when nothing had happened yet; null for null.
-- Tables touched: op, clock_step (read).
create function thule.op_at(at timestamptz) returns bigint
language plpgsql stable strict parallel safe
as $$
declare
    low   bigint;                           -- at or before the instant
    high  bigint;                           -- after it
    probe record;
begin
    if not thule_internal.sees_tables() then
        return thule_internal.op_at_seen(at);
    end if;
    -- The last stretch without a step that begins at or before the instant.
    select s.op into low from thule.clock_step s where s.at <= op_at.at order by s.op desc limit 1;
    low := coalesce(low, 0);
    select s.op into high from thule.clock_step s where s.op > low order by s.op limit 1;
    if high is null then
        select o.op + 1 into high from thule.op o order by o.op desc limit 1;
    end if;
    while high - low > 1 loop
        select o.op, o.at into probe from thule.op o where o.op > low and o.op <= low + (high - low) / 2
            order by o.op desc limit 1;
        if not found then                   -- a gap: the next op there is decides
            select o.op, o.at into probe from thule.op o where o.op > low and o.op < high order by o.op limit 1;
            exit when not found;
            if probe.at > op_at.at then
                exit;
            end if;
        end if;
        if probe.at <= op_at.at then
            low := probe.op;
        else
            high := probe.op;
        end if;
    end loop;
    return low;
end
$$;

comment on function thule.op_at(timestamptz) is
    'Last op that had happened at a time; 0: none had. Example: select * from thule.change where op > thule.op_at(''2024-05-01 02:00'');';
