-- A row of thule.change as a user may see it. Of his own processes he sees all; of others who they are, which anybody could see while
-- they ran: user, pid, program. Their command lines and working directories stay with those who may read the database, since a log
-- keeps for ever what is typed there. Paths are null where thule_internal.viewed_path says so; where
-- another's file came from, he must be able to list.
-- Parameters: c; viewer, as of thule_internal.permits, or null: then the row is as it is.
-- Returns: one row of thule.change. Tables touched: those of thule_internal.may_reach (read).
create function thule_internal.viewed_change(c thule.change, viewer bigint[]) returns setof thule.change
language sql stable parallel safe rows 1
begin atomic
    select c.op, c.at, c.kind, case when viewer is null then c.path else
            thule_internal.viewed_path(c.path, c.op, viewer, case when thule_internal.is_own(c.ino, viewer) then 1 else 5 end) end, c.ino, c.uid,
        c.username, c.gid, c.pid, c.exe, case when viewer is null or viewer[1] = c.uid then c.cmdline end, c.host, c.tag,
        case when viewer is null then c.new_path else thule_internal.viewed_path(c.new_path, c.op, viewer) end, c.comm,
        case when viewer is null or viewer[1] = c.uid then c.cwd end,
        case when viewer is null or viewer[1] = c.uid then c.chain end, c.session, c.unit, c.run, c.deferred, c.xattr,
        c.clock_set_back,
        c.exe_seen, c.exe_deleted, c.incomplete, c.off, c.len;
end;
