-- Puts an op of this session into the log: the first thing that an operation does after all its checks.
-- Parameters: kind, the name in thule.op_kind; ino, the inode it is done to, null: one that it makes; the others as the columns of thule.op.
-- Returns: op, its id; at, its time; now_ns, the same as times of files have it; ino, as given, or the number of the inode to make.
-- Errors: a tag that is none (EINVAL), those of thule_internal.write_noted. Tables touched: op, clock_step, those of thule_internal.write_start (written).
-- Ids are found, not counted: the last op by the key of the log, which a savepoint takes back like all else, and the inode from how far the op is from
-- the transaction's first. So nothing is updated for each op.
create function thule_internal.write_op(kind text, inout ino bigint, parent bigint default null, name bytea default null,
    new_parent bigint default null, new_name bytea default null, off bigint default null, len bigint default null,
    out op bigint, out at timestamptz, out now_ns bigint)
language plpgsql
as $$
#variable_conflict use_variable
declare
    l   record;
    tag text := nullif(current_setting('thule.tag', true), '');
begin
    if octet_length(tag) > 255 or tag ~ '[[:cntrl:]]' then
        perform thule_internal.fail('EINVAL', format('the tag %s is too long, or has control characters', quote_literal(left(tag, 40))),
            'set thule.tag = '''' takes it away; a tag has at most 255 bytes.');
    end if;
    loop
        select o.op as last_op, o.at as last_at, s.actor, s.mount, s.first_op, s.next_ino into l
            from thule.sql_write s
            left join (select o.op, o.at from thule.op o order by o.op desc limit 1) o on true
            where s.xact = pg_current_xact_id();
        exit when found;
        perform thule_internal.write_noted();
    end loop;
    op := greatest(l.last_op + 1, l.first_op);
    if l.actor is null or l.mount is null then
        select s.actor, s.mount into l.actor, l.mount from thule_internal.write_start(op) s;
    end if;
    -- As journal_next_at() does; CLOCK_TOLERANCE_US is this second.
    at := clock_timestamp();
    if at <= l.last_at and l.last_at - at <= interval '1 second' then
        at := l.last_at + interval '1 microsecond';
    elsif at <= l.last_at then
        insert into thule.clock_step (op, at, was) values (op, at, l.last_at);
    end if;
    now_ns := thule.time_ns(at);
    ino := coalesce(ino, l.next_ino + op - l.first_op);
    insert into thule.op (op, at, kind, ino, parent, name, new_parent, new_name, off, len, actor, mount, tag)
        values (op, at, (select k.id from thule.op_kind k where k.name = kind), ino, parent, name, new_parent, new_name, off, len,
            l.actor, l.mount, tag);
end
$$;
