-- How much a change of the tables as a whole would take back, to ask before it is a lot.
-- Parameters: kind, undo or restore; args, as thule_internal.undo_select or thule_internal.restore_prepare takes them.
-- Returns: how many ops an undo selects; how many files at or below a path were changed since the instant that it is
--   restored to; 0 for a copy, and for other kinds. Errors: those of thule_internal.undo_select and thule.instant_op.
-- Tables touched: those of thule_internal.undo_select; op, dirent, dirent_history, snapshot (read).
create function thule_internal.request_reach(kind text, args jsonb) returns bigint
language plpgsql
as $$
declare
    at_op bigint;
begin
    if kind = 'undo' then
        perform thule_internal.undo_begin();
        return thule_internal.undo_select(args);
    elsif kind <> 'restore' or args ->> 'to' is not null then
        return 0;
    end if;
    at_op := thule.instant_op(args ->> 'at');
    if args ->> 'path' = '/' then
        return (select count(distinct o.ino) from thule.op o where o.op > at_op);
    end if;
    return (select count(distinct s.ino)
        from thule_internal.spans_changed(thule_internal.real_path(args ->> 'path', at_op), at_op, thule_internal.present()) s
        where exists (select from thule.op o where o.ino = s.ino and o.op between greatest(s.op_from, at_op + 1) and s.op_to));
end
$$;
