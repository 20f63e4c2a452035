-- The file that last had a path, through the symbolic links of each time.
-- Parameters: path, absolute and escaped; upto, an op: the last one before that (2^63-1: the one that has it now, or else the last).
-- Returns: ino; null when there never was such a path. Errors: names that could say it were pruned (no_data_found): all that ended
--   by then are gone but those of snapshots, so what is left may be another file's.
-- Tables touched: superblock, and those of thule_internal.led_at (read).
create function thule_internal.last_led(path text, upto bigint) returns bigint
language plpgsql stable strict parallel safe
as $$
declare
    found  record;
    pruned record;
begin
    -- What the op itself took the path from comes before what it gave the path to.
    select n.ino, n.op_from, n.op_to into found from thule_internal.led_at(path) n where n.op_from <= upto
        order by n.op_from < upto desc, n.op_to desc limit 1;
    select s.pruned_op as op, s.pruned_before as at into pruned from thule.superblock s;
    if pruned.op > 0 and (found.ino is null or found.op_to < upto and found.op_to <= pruned.op
        or found.op_from = upto and upto <= pruned.op)
    then
        raise exception using errcode = 'no_data_found',
            message = format('%s: nothing has had this path since %s (op:%s), and which file had it before that was pruned', path,
                pruned.at::timestamptz(0), pruned.op),
            hint = format('The log without a path has what was done: thule log --until op:%s.', pruned.op);
    end if;
    return found.ino;
end
$$;
