-- thule.path_at_op for the user as whom the session asks.
-- Parameters: ino, at_op: those of it. Returns: the path; null also where it has a name that the user could not list and that is not of a file of the user's own,
--   since numbers can be tried one after the other. Errors: those of thule_internal.session_sees.
-- Tables touched: role, dirent, dirent_history, and those of thule_internal.may_reach and is_own (read).
create function thule_internal.path_seen(ino bigint, at_op bigint) returns text
language plpgsql stable parallel safe security definer cost 10000
as $$
declare
    viewer bigint[] := thule_internal.session_sees();
    at_ino bigint := ino;
    above  bigint;
begin
    if not thule_internal.may_reach(ino, at_op, 0, viewer) then
        return null;
    end if;
    while at_ino <> 1 loop
        -- The name that thule.path_at_op takes.
        select n.parent into above
        from (
            select d.parent, d.name, d.op_from from thule.dirent d where d.ino = at_ino and d.op_from <= at_op
            union all
            select d.parent, d.name, d.op_from from thule.dirent_history d where d.ino = at_ino and d.op_from <= at_op and d.op_to > at_op
        ) n
        order by n.op_from, n.parent, n.name limit 1;
        if not found or not (thule_internal.may_reach(above, at_op, 5, viewer) or thule_internal.is_own(at_ino, viewer)) then
            return null;
        end if;
        at_ino := above;
    end loop;
    return thule.path_at_op(ino, at_op);
end
$$;
