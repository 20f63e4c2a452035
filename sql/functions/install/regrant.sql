-- Gives the roles of thule.role their privileges again, which went with the views that an upgrade makes anew.
-- Parameters: none. Tables touched: role (read), and the system catalog.
-- What would be refused by `thule grant` is said, and ends no upgrade: the grant was there before.
do $$
declare
    r record;
begin
    for r in select g.role from thule.role g join pg_roles p on p.rolname = g.role loop
        begin
            perform thule_internal.role_apply(r.role);
        exception when invalid_parameter_value then
            raise warning '%', sqlerrm;
        end;
    end loop;
end
$$;
