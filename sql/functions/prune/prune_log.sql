-- Deletes the next ops of the log that are older than what thule_internal.prune_begin has declared gone, and at the end the actors
-- that no op names any more. Stays: the ops of snapshots, of held files, and those that wrote bytes that are still there,
-- now or in the past.
-- Parameters: max_ops, how many to look at.
-- Returns: ops, actors: how many were deleted; log_done. Errors: those of thule_internal.history_alone.
-- Tables touched: op, actor, superblock (written); snapshot, hold, dirent, dirent_history, extent, extent_history,
--   mount (read).
create function thule_internal.prune_log(max_ops integer, out ops bigint, out actors bigint, out log_done boolean)
language plpgsql
as $$
declare
    held    bigint[];
    low     bigint;
    high    bigint;
    horizon bigint;
begin
    perform thule_internal.history_alone();
    held := array(select thule_internal.held_inodes());
    select greatest(s.log_op, (select o.op from thule.op o order by o.op limit 1)), s.pruned_op into low, horizon
        from thule.superblock s;
    high := least(low + max_ops, horizon);          -- exclusive
    delete from thule.op o
    where o.op >= low and o.op < high and o.ino <> all (held)
        and not exists (select from thule.snapshot s where s.op = o.op)
        and not exists (select from thule.extent e where e.ino = o.ino and e.op_from = o.op)
        and not exists (select from thule.extent_history e where e.ino = o.ino and e.op_from = o.op)
        -- An append that is part of an earlier one's extent (thule_internal.extent_writes): any other write would have cut that.
        and not (o.kind = thule_internal.write_kind() and o.len > 0 and (
            exists (select from thule.extent e where e.ino = o.ino and e.file_off > o.off - thule_internal.extent_max()
                and e.file_off < o.off + o.len and e.file_off + e.len > o.off and e.op_from < o.op)
            or exists (select from thule.extent_history e where e.ino = o.ino and e.file_off > o.off - thule_internal.extent_max()
                and e.file_off < o.off + o.len and e.file_off + e.len > o.off and e.op_from < o.op and e.op_to > o.op)));
    get diagnostics ops = row_count;
    actors := 0;
    log_done := high >= horizon;
    if log_done then
        -- An actor's id is its first op; a daemon names one once, so those of one that may still commit stay. Its clock
        -- need not be the server's: a day is on the safe side.
        delete from thule.actor a
        where a.id < least(horizon, (select coalesce(min(thule.op_at(m.mounted_at - interval '1 day')), horizon)
                                     from thule.mount m where m.ended_at is null))
            and not exists (select from thule.op o where o.actor = a.id);
        get diagnostics actors = row_count;
    end if;
    update thule.superblock s set log_op = high where s.log_op < high;
end
$$;
