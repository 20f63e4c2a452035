-- The changes after an op, in order: what follows the log asks this again and again with the last op it got.
-- Ops are committed in order, so what is there has no hole that could be filled later. `LISTEN thule_change` tells when
-- there is more.
-- Parameters: after_op, an op (0: from the beginning); max, how many at most.
-- Returns: rows of thule.change in the order of op. Errors: ops after after_op were pruned from the log
--   (no_data_found), so that nothing is skipped unnoticed.
-- Tables touched: op, actor, op_kind, dirent, dirent_history, superblock (read).
create function thule.feed(after_op bigint, max integer) returns setof thule.change
language plpgsql stable strict rows 1000
as $$
begin
    if not thule_internal.sees_tables() then
        return query select s.* from thule_internal.feed_seen(after_op, feed.max) s;
        return;
    end if;
    perform thule_internal.feed_begins(after_op, feed.max);
    return query
        select c.* from thule.change c where c.op > after_op order by c.op limit feed.max;
end
$$;

comment on function thule.feed(bigint, integer) is
    'The next changes after an op, in the order of op, at most so many. LISTEN thule_change tells when there are more. Ops that were pruned from the log are an error, so that none is skipped. Example: select * from thule.feed(1234, 1000);';

-- Refuses to follow the log after an op where that would skip what was pruned.
-- Parameters: after_op, max. Returns: nothing. Errors: ops after it were pruned (no_data_found); max is negative (invalid_parameter_value). Tables touched: superblock (read).
create function thule_internal.feed_begins(after_op bigint, max integer) returns void
language plpgsql stable
as $$
declare
    first_op bigint := (select s.log_op from thule.superblock s);
begin
    if feed_begins.max < 0 then
        raise exception using errcode = 'invalid_parameter_value', message = format('%s changes are fewer than none', feed_begins.max),
            hint = 'Give how many there may be at most.';
    elsif after_op < first_op - 1 then
        raise exception using errcode = 'no_data_found',
            message = format('changes after op %s were pruned from the log, which begins with op %s', after_op,
                first_op),
            hint = format('Go on from op:%s. Changes before it cannot be followed any more.', first_op);
    end if;
end
$$;
