-- thule.log(path), thule.change(path), changes_under and feed for the user as whom the session asks: what was done to the user's own files, by the rules of
-- `thule log` in root's mount. What is asked by a path shows no row whose path the user may not look up: names would be found by trying.
-- Parameters, returns: those of them. Errors: those of thule_internal.session_sees. Tables touched: role, and those of thule.log, thule_internal.sees_op and
--   thule_internal.viewed_change (read).
-- They are planned before these functions are there, and so is the row that they return: hence the text of their bodies.
create function thule_internal.log_seen(path text, upto bigint) returns setof thule.change
language plpgsql stable strict parallel safe security definer rows 100
as $$
declare
    viewer bigint[] := thule_internal.session_sees();
begin
    return query select v.* from thule.log(log_seen.path, log_seen.upto) c cross join lateral thule_internal.viewed_change(c, viewer) v
        where thule_internal.sees_op(c.op, viewer) order by c.op;
end
$$;

create function thule_internal.change_seen(path text) returns setof thule.change
language plpgsql stable strict parallel safe security definer rows 10
as $$
declare
    viewer bigint[] := thule_internal.session_sees();
begin
    return query select v.* from thule.change(change_seen.path) c cross join lateral thule_internal.viewed_change(c, viewer) v
        where thule_internal.sees_op(c.op, viewer) and v.path is not null;
end
$$;

create function thule_internal.changes_seen(path text, low bigint, high bigint) returns setof thule.change
language plpgsql stable strict parallel safe security definer rows 1000
as $$
declare
    viewer bigint[] := thule_internal.session_sees();
    prefix text := thule_internal.plain_path(changes_seen.path) || '/';
    ops    bigint[] := array(
        with own as materialized (
            select s.ino, greatest(s.op_from, low + 1) as op_from, least(s.op_to, high) as op_to
            from thule_internal.spans_changed(changes_seen.path, low, high) s
            cross join lateral (select thule_internal.is_own(s.ino, viewer) as own offset 0) w
            where w.own
        )
        select o.op
        from own s
        cross join lateral (select o.op from thule.op o where o.ino = s.ino and o.op between s.op_from and s.op_to offset 0) o
        union
        -- By which another file took the name of one's own.
        select o.op
        from own s
        cross join lateral (select d.op_to from thule.dirent_history d where d.ino = s.ino and d.op_to between s.op_from and s.op_to offset 0) d
        cross join lateral (select o.op from thule.op o where o.op = d.op_to and o.ino <> s.ino and o.new_name is not null offset 0) o
        union
        select o.op
        from thule_internal.pruned_until() p
        cross join lateral (select o.op from thule.op o where o.parent is not null and o.op > low and o.op <= least(high, p.op) offset 0) o
        where thule_internal.sees_op(o.op, viewer));
begin
    return query select v.* from thule_internal.viewed_changes(ops, viewer) v where left(v.path, length(prefix)) = prefix and v.path <> '/';
end
$$;

create function thule_internal.feed_seen(after_op bigint, max integer) returns setof thule.change
language plpgsql stable strict security definer rows 1000
as $$
declare
    viewer bigint[] := thule_internal.session_sees();
begin
    perform thule_internal.feed_begins(after_op, feed_seen.max);
    return query select v.* from thule_internal.viewed_changes(array(
            select o.op from thule.op o
            cross join lateral (select thule_internal.is_own(o.ino, viewer) as own offset 0) w
            where o.op > after_op and (w.own or o.new_name is not null and thule_internal.sees_op(o.op, viewer))
            order by o.op limit feed_seen.max), viewer) v;
end
$$;
