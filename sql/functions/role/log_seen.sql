-- thule.log(path) and thule.change(path) for the user as whom the session asks: what was done to the user's own files, by the rules of `thule log`
-- in root's mount.
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
        where thule_internal.sees_op(c.op, viewer);
end
$$;
