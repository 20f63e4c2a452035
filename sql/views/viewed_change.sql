-- A row of thule.change as a user may see it. Of his own processes he sees all; of others who they are, which anybody could see while
-- they ran: user, pid, program. Their command lines and working directories stay with those who may read the database, since a log
-- keeps for ever what is typed there. Paths are null where thule_internal.viewed_path says so; where
-- another's file came from, he must be able to list.
-- Parameters: c; viewer, as of thule_internal.permits, or null: then the row is as it is; path and new_path, as he may see them.
-- Returns: one row of thule.change. Tables touched: those of thule_internal.may_reach (read).
create function thule_internal.viewed_change(c thule.change, viewer bigint[], path text, new_path text) returns setof thule.change
language sql stable parallel safe rows 1
begin atomic
    select c.op, c.at, c.kind, path, c.ino, c.uid,
        c.username, c.gid, c.pid, c.exe, case when viewer is null or viewer[1] = c.uid then c.cmdline end, c.host, c.tag,
        new_path, c.comm,
        case when viewer is null or viewer[1] = c.uid then c.cwd end,
        case when viewer is null or viewer[1] = c.uid then c.chain end, c.session, c.unit, c.run, c.deferred, c.xattr,
        c.clock_set_back,
        c.exe_seen, c.exe_deleted, c.incomplete, c.off, c.len;
end;

-- The same of one row, whose paths it looks at.
create function thule_internal.viewed_change(c thule.change, viewer bigint[]) returns setof thule.change
language sql stable parallel safe rows 1
begin atomic
    select v.* from thule_internal.viewed_change(c, viewer,
        case when viewer is null then c.path else
            thule_internal.viewed_path(c.path, c.op, viewer, case when thule_internal.is_own(c.ino, viewer) then 1 else 5 end) end,
        case when viewer is null then c.new_path else thule_internal.viewed_path(c.new_path, c.op, viewer) end) v;
end;

-- The same of many ops, which look at each directory once.
-- Parameters: ops; viewer, not null. Returns: rows of thule.change, in the order of op. Tables touched: those of thule.change and thule_internal.may_reach (read).
create function thule_internal.viewed_changes(ops bigint[], viewer bigint[]) returns setof thule.change
language sql stable strict parallel safe rows 1000
begin atomic
    with shown as materialized (
        select c, w.own, regexp_replace(c.path, '/[^/]*$', '') as above, regexp_replace(c.new_path, '/[^/]*$', '') as new_above
        from unnest(ops) s (op)
        join thule.change c on c.op = s.op
        cross join lateral (select thule_internal.is_own(c.ino, viewer) as own offset 0) w
    ), directory as materialized (
        select d.above, r.op_from, r.searches, r.lists
        from (select s.above from shown s union select s.new_above from shown s) d
        cross join lateral thule_internal.reach_span(d.above, viewer) r
        where d.above is not null
    )
    select v.*
    from shown s
    left join directory a on a.above = s.above
    left join directory b on b.above = s.new_above
    cross join lateral thule_internal.viewed_change(s.c, viewer,
        case when (s.c).op >= a.op_from then case when case when s.own then a.searches else a.lists end or (s.c).path = '/' then (s.c).path end
            else thule_internal.viewed_path((s.c).path, (s.c).op, viewer, case when s.own then 1 else 5 end) end,
        case when (s.c).op >= b.op_from then case when b.searches then (s.c).new_path end
            else thule_internal.viewed_path((s.c).new_path, (s.c).op, viewer) end) v
    order by (s.c).op;
end;
