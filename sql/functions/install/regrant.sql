-- Gives the roles of thule.role their privileges again, which went with the views that an upgrade makes anew.
-- Parameters: none. Tables touched: role (read), and the system catalog.
-- What would be refused by `thule grant` is said, and ends no upgrade: the grant was there before. A role that lacks the privilege on the schema, which an
-- upgrade does not take, is not the one that was granted, but another that was given its name after it was renamed or dropped.
do $$
declare
    r record;
begin
    for r in
        select g.role, g.kind, exists (select from pg_namespace n cross join lateral aclexplode(n.nspacl) a
            where n.nspname = 'thule' and a.grantee = p.oid and a.privilege_type = 'USAGE') as same
        from thule.role g join pg_roles p on p.rolname = g.role
    loop
        if not r.same then
            raise warning 'role % is not the one that was granted this filesystem: `thule grant %` or `thule revoke` says what it is to see',
                quote_ident(r.role), r.kind;
            continue;
        end if;
        begin
            perform thule_internal.role_apply(r.role);
        exception when invalid_parameter_value then
            raise warning '%', sqlerrm;
        end;
    end loop;
end
$$;
