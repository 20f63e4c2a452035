-- Of thule_internal.log_ops of some paths, the newest ops that fit.
-- Parameters: paths, absolute and escaped; upto, alone, earlier: as of log_ops; low, high: ops, after the first and until the second; username, pid,
--   exe, tag, kind: as of ops_selected; viewer, who asks, as of thule_internal.sees_op; most, how many, or null: all.
-- Returns: rows of log_ops, each op once, the newest first. Errors: those of log_ops. Tables touched: those of log_ops and sees_op (read).
-- log_ops looks at all that ever was in a directory. Where that is much, the log is read from its end instead, and from what its ops were done to
-- one goes up. Which of both is less is not known before, so it is a little of the one and then of the other, and each time four times as much.
create function thule_internal.log_newest(paths text[], upto bigint, alone boolean, earlier boolean, low bigint, high bigint, username text, pid integer,
    exe text, tag text, kind text, viewer bigint[], most bigint)
returns table (op bigint, in_place_of bigint)
language plpgsql stable parallel safe rows 100
as $$
#variable_conflict use_column
declare
    dirs   bigint[] := array(
        select t.ino
        from unnest(paths) p (path)
        cross join lateral (select thule_internal.last_led(p.path, upto) as ino offset 0) t
        where not alone and exists (
            select from thule.inode i where i.ino = t.ino and thule_internal.is_directory(i.mode)
            union all
            select from thule.inode_history i where i.ino = t.ino and thule_internal.is_directory(i.mode)));
    look   bigint := 200;
    seen   bigint := least(high, (select max(o.op) from thule.op o));       -- the log was read down to here
    oldest bigint;                                                          -- where it was when some more of it is read
    own    bigint[];                                                        -- done to what has the paths itself
    batch  bigint[];
    found  bigint[] := '{}';
    enough boolean := false;
begin
    if cardinality(dirs) > 0 and (most is not null or low > 0) then
        own := array(
            select s.op
            from unnest(paths) p (path)
            cross join lateral thule_internal.log_ops(p.path, upto, true, earlier) l
            cross join lateral (select s.op from thule_internal.ops_selected(l.op - 1, l.op, username, pid, exe, tag, kind) s offset 0) s
            where l.op > low and l.op <= high and (viewer is null or thule_internal.sees_op(l.op, viewer)));
        while not enough and thule_internal.more_below(dirs, look) loop
            -- What does not fit is passed over quickly.
            oldest := greatest(low, seen - 16 * look);
            batch := array(select s.op from thule_internal.ops_selected(oldest, seen, username, pid, exe, tag, kind) s order by s.op desc limit look);
            seen := case when cardinality(batch) = look then batch[look] - 1 else oldest end;
            batch := array(select thule_internal.ops_below(batch, dirs));
            found := found || case when viewer is null then batch else array(select thule_internal.ops_seen(batch, viewer)) end;
            enough := seen <= low
                or coalesce((select count(*) from (select unnest(found) union select o.op from unnest(own) o (op) where o.op > seen) f) >= most, false);
            look := 4 * look;
        end loop;
    end if;
    return query
        with fits as materialized (
            select o.op, max(o.in_place_of) as in_place_of
            from (
                select f.op, null::bigint as in_place_of from unnest(found) f (op)
                union all
                select l.op, l.in_place_of
                from unnest(paths) p (path)
                cross join lateral thule_internal.log_ops(p.path, upto, alone or enough, earlier) l
                cross join lateral (select from thule_internal.ops_selected(l.op - 1, l.op, username, pid, exe, tag, kind) offset 0) s
                where l.op > case when enough then greatest(seen, low) else low end and l.op <= high
            ) o
            group by o.op
        )
        select f.op, f.in_place_of
        from fits f
        where viewer is null or f.op in (select thule_internal.ops_seen(array(select f.op from fits f), viewer))
        order by f.op desc
        limit most;
end
$$;
