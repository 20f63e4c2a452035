-- Lets a role of the database see the filesystem as a user, change it as one, or see all of it but the bytes.
-- Parameters: kind, reader, writer or auditor; role, its name; uid, gid, groups: the user, null for an auditor; by, who grants it.
-- Returns: nothing. What the role was granted before is replaced.
-- Errors: there is no such role (no_data_found); it sees everything already (invalid_parameter_value), as in thule_internal.role_apply.
-- Tables touched: role (written).
create function thule_internal.role_grant(kind text, role text, uid bigint, gid bigint, groups bigint[], by text) returns void
language plpgsql
as $$
begin
    if not exists (select from pg_roles p where p.rolname = role_grant.role) then
        raise exception using errcode = 'no_data_found', message = format('there is no role %I in this database', role),
            hint = format('Make it first: `create role %I login`.', role);
    end if;
    if pg_has_role(role, (select n.nspowner from pg_namespace n where n.nspname = 'thule'), 'usage') then
        raise exception using errcode = 'invalid_parameter_value',
            message = format('role %I sees everything, because it is a superuser or has the rights of the owner', role),
            hint = 'Grant to a role that has neither.';
    end if;
    insert into thule.role as r values (role, kind, uid, gid, coalesce(groups, '{}'), now(), by)
        on conflict on constraint role_pkey do update set kind = excluded.kind, uid = excluded.uid, gid = excluded.gid,
            groups = excluded.groups, set_at = excluded.set_at, set_by = excluded.set_by;
    perform thule_internal.role_apply(role);
end
$$;
