-- Takes from a role what thule_internal.role_grant gave it.
-- Parameters: role, its name. Returns: nothing. Errors: nothing was granted to it (no_data_found). Tables touched: role (written).
create function thule_internal.role_revoke(role text) returns void
language plpgsql
as $$
begin
    delete from thule.role r where r.role = role_revoke.role;
    if not found then
        raise exception using errcode = 'no_data_found', message = format('role %I was granted nothing of this filesystem', role),
            hint = '`thule grant list` shows who was.';
    end if;
    if exists (select from pg_roles p where p.rolname = role_revoke.role) then
        perform thule_internal.role_apply(role);
    end if;
end
$$;
