-- What was granted to the role that the session has: by `set role` where it has been said, else the one that logged in.
-- Parameters: none.
-- Returns: the row of thule.role; all null: the role may do as it likes, since it owns the tables or was given them.
-- Errors: nothing was granted to it, or it is a member of several roles of which none is meant (insufficient_privilege).
-- Tables touched: role (read).
-- A function that runs as its owner has another current_user, but the same setting `role`, which it cannot change. Of a member of a granted
-- role the grant is that of the role, unless it has one of its own.
create function thule_internal.session_grant() returns thule.role
language plpgsql stable parallel safe security definer
as $$
declare
    me     text := thule_internal.session_role();
    result thule.role;
    others integer;
begin
    if pg_has_role(me, (select n.nspowner from pg_namespace n where n.nspname = 'thule'), 'usage') then
        return null;
    end if;
    select r.* into result from thule.role r where r.role = me;
    if found then
        return result;
    end if;
    select count(*) into others from thule.role r join pg_roles p on p.rolname = r.role where pg_has_role(me, p.oid, 'usage');
    if others = 1 then
        select r.* into result from thule.role r join pg_roles p on p.rolname = r.role where pg_has_role(me, p.oid, 'usage');
        return result;
    end if;
    if others > 1 then
        raise exception using errcode = 'insufficient_privilege',
            message = format('role %I is a member of %s roles that were granted this filesystem', me, others),
            hint = 'Say as which of them you ask, with `set role`.';
    end if;
    if has_table_privilege(me, 'thule.dirent'::regclass, 'select') then
        return null;
    end if;
    raise exception using errcode = 'insufficient_privilege', message = format('role %I was granted nothing of this filesystem', me),
        hint = format('Its owner can say `thule grant reader %I --uid U`.', me);
end
$$;
