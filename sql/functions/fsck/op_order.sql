-- Ops whose time is before that of the op before them, where no step of the clock is noted: thule.op_at, and with it the past
-- by time, relies on both growing together in between.
create function thule_internal.fsck_op_order() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'op_order' as check_id, 'warning' as severity, o.ino,
        format('op %s happened at %s, before op %s at %s', o.op, o.at, o.previous, o.previous_at) as detail
    from (
        select p.op, p.at, p.ino, lag(p.op) over w as previous, lag(p.at) over w as previous_at
        from thule.op p
        window w as (order by p.op)
    ) o
    where o.at < o.previous_at and not exists (select from thule.clock_step s where s.op = o.op);
end;
