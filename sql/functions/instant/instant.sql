-- An instant as people type it.
-- Parameters: t, one of
--   a name          of a snapshot: the instant that it names;
--   op:N            the moment at which op N happened, N included;
--   an age          as thule_internal.age_of reads it: '10min', '2 days', '1h 30min': that long ago;
--   anything else   what timestamptz reads: '2024-05-01 12:00', 'yesterday', 'now'; but of mere numbers, which could be
--                   meant as ages, only dates of eight digits: '20240501'.
-- Returns: timestamptz; null for null. What is none of these is an error (invalid_datetime_format), an op that
-- is not in the log too (no_data_found).
-- Tables touched: op, snapshot (read).
-- Not parallel safe: trying to read text as one type and then as the other takes subtransactions.
create function thule.instant(t text) returns timestamptz
language plpgsql stable strict parallel unsafe
as $$
declare
    wanted numeric;
    found_op record;
    range  record;
    named  timestamptz;
    span   interval;
begin
    if not thule_internal.sees_tables() then
        return thule_internal.instant_seen(t);
    end if;
    select s.at into named from thule.snapshot s where s.name = t;
    if found then
        return named;
    end if;
    wanted := thule_internal.typed_op(t);
    if wanted is not null then
        select min(o.op) as first, max(o.op) as last into range from thule.op o;
        if range.first is null or wanted < range.first or wanted > range.last then
            raise exception using errcode = 'no_data_found',
                message = format('there is no op %s: the log holds %s to %s', wanted, range.first, range.last);
        end if;
        -- Numbers of the log may have gaps; the state at one is that of the op before.
        select o.at into found_op from thule.op o where o.op <= wanted::bigint order by o.op desc limit 1;
        return found_op.at;
    end if;
    span := thule_internal.age_of(t);
    if span is not null then
        return now() - span;
    end if;
    begin
        if t ~ E'^\\s*[-+]?[\\d:]+(\\.\\d*)?\\s*$' and t !~ E'^\\s*\\d{8}\\s*$' then
            raise invalid_datetime_format;
        end if;
        return t::timestamptz;
    exception when data_exception then
        raise exception using errcode = 'invalid_datetime_format',
            message = format('%s is not an instant', quote_literal(left(t, 100))),
            hint = 'Give a time (2024-05-01 12:00), an age with its unit (10min, 2 days), op:N or the name of a snapshot.';
    end;
end
$$;

comment on function thule.instant(text) is
    'Time of an instant as people type it: the name of a snapshot, op:N, an age (10min, 2 days: that long ago), or what timestamptz reads. Example: select * from thule.file_at(thule.instant(''2 days''));';
