-- The ops after `low` and until `high` that fit what is asked of processes, tags and kinds; each that is null fits all.
-- Parameters: low, high, ops; username, a name or a uid; pid; exe, a path or its last part; tag; kind. Returns: ops. Tables touched: op, op_kind, actor (read).
create function thule_internal.ops_selected(low bigint, high bigint, username text, pid integer, exe text, tag text, kind text)
returns table (op bigint, ino bigint, parent bigint)
language sql stable parallel safe rows 1000
begin atomic
    select o.op, o.ino, o.parent
    from thule.op o
    left join thule.op_kind k on k.id = o.kind
    left join thule.actor p on p.id = o.actor
    where o.op > low and o.op <= high
        and (ops_selected.username is null or p.username = ops_selected.username or p.uid::text = ops_selected.username)
        and (ops_selected.pid is null or p.pid = ops_selected.pid)
        and (ops_selected.exe is null or p.exe = ops_selected.exe or right(p.exe, length(ops_selected.exe) + 1) = '/' || ops_selected.exe)
        and (ops_selected.tag is null or o.tag = ops_selected.tag)
        and (ops_selected.kind is null or k.name = ops_selected.kind);
end;

-- Which of some ops were done to what was below directories, as thule_internal.log_ops has it.
-- Parameters: ops; dirs. Returns: ops. Tables touched: op, dirent, dirent_history, superblock, pruned_inode (read).
create function thule_internal.ops_below(ops bigint[], dirs bigint[]) returns setof bigint
language sql stable strict parallel safe rows 100
begin atomic
    with pruned as materialized (
        select greatest((select s.pruned_op from thule.superblock s), (select max(p.op) from thule.pruned_inode p)) as op
    ), asked as materialized (
        select o.op, o.ino, o.parent
        from pruned
        cross join unnest(ops) a (op)
        cross join lateral (
            select o.op, o.ino, case when o.op <= pruned.op then o.parent end as parent from thule.op o where o.op = a.op offset 0
        ) o
    ), range as materialized (
        -- An op whose names may have been pruned counts by its directory, whenever that was below.
        select case when min(a.op) <= min(p.op) then 0 else min(a.op) end as low,
            case when min(a.op) <= min(p.op) then thule_internal.present() else max(a.op) end as high
        from asked a
        cross join pruned p
    ), span as materialized (
        select s.ino, s.op_from, s.op_to
        from range r
        cross join lateral thule_internal.spans_among(array(select a.ino from asked a union select a.parent from asked a where a.parent is not null),
            r.low, r.high, dirs, array_fill(0::bigint, array[cardinality(dirs)]), array_fill(thule_internal.present(), array[cardinality(dirs)])) s
    )
    select a.op
    from asked a
    join span s on s.ino = a.ino and a.op between s.op_from and s.op_to
    union
    select a.op from asked a join span s on s.ino = a.parent;
end;

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
            found := found || array(
                select b.op from thule_internal.ops_below(batch, dirs) b (op) where viewer is null or thule_internal.sees_op(b.op, viewer));
            enough := seen <= low
                or coalesce((select count(*) from (select unnest(found) union select o.op from unnest(own) o (op) where o.op > seen) f) >= most, false);
            look := 4 * look;
        end loop;
    end if;
    return query
        select o.op, max(o.in_place_of)
        from (
            select f.op, null::bigint as in_place_of from unnest(found) f (op)
            union all
            select l.op, l.in_place_of
            from unnest(paths) p (path)
            cross join lateral thule_internal.log_ops(p.path, upto, alone or enough, earlier) l
            cross join lateral (select from thule_internal.ops_selected(l.op - 1, l.op, username, pid, exe, tag, kind) offset 0) s
            where l.op > case when enough then greatest(seen, low) else low end and l.op <= high
                and (viewer is null or thule_internal.sees_op(l.op, viewer))
        ) o
        group by o.op
        order by o.op desc
        limit most;
end
$$;
