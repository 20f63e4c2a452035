-- Ops whose time is before that of the op before them, where no step of the clock is noted: thule.op_at, and with it the past
-- by time, relies on both growing together in between.
create function thule_internal.fsck_op_order() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'op_order' as check_id, 'warning' as severity, o.ino,
        format('op %s happened at %s, before op %s at %s', o.op, o.at, o.previous, o.previous_at) as detail,
        o.op, 'noted as a step of the clock' as repair
    from (
        select p.op, p.at, p.ino, lag(p.op) over w as previous, lag(p.at) over w as previous_at
        from thule.op p
        window w as (order by p.op)
    ) o
    where o.at < o.previous_at and not exists (select from thule.clock_step s where s.op = o.op);
end;

-- From the op on, times are those of a clock that was set back.
create function thule_internal.repair_op_order() returns void
language plpgsql
as $$
begin
    insert into thule.clock_step (op, at, was)
        select s.op, s.at, s.was
        from (select o.op, o.at, lag(o.at) over (order by o.op) as was from thule.op o) s
        where s.op in (select f.op from pg_temp.repair_found f where f.check_id = 'op_order')
        on conflict do nothing;
end
$$;
