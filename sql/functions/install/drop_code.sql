-- Drops every view, function and type of our code, so that the files after this one can create them anew. State
-- (schema/) stays.
-- Nothing is dropped by cascade: a view of the user's that reads ours makes this fail and name it. Ours depend
-- on each other, so whatever is still needed is left for the next pass, until nothing is left or nothing moves.
-- Code is in the schemas thule, thule_internal and osquery; one that was installed before there were the others is in the first alone.
-- A thule_internal that belongs to somebody else than thule does is not ours, and nothing in it is touched; nor in an osquery that
-- has not our sign (make_osquery.sql), or another owner.
-- Parameters: none. Tables touched: only the system catalog.
do $$
declare
    ours    oid[] := array(select n.oid from pg_namespace n where n.nspname in ('thule', 'thule_internal')
        or n.nspname = 'osquery' and obj_description(n.oid, 'pg_namespace') like 'ThuleFS: %'
            and n.nspowner = (select t.nspowner from pg_namespace t where t.nspname = 'thule'));
    object  record;
    dropped integer;
    failed  text;
begin
    if exists (select from pg_namespace i join pg_namespace t on t.nspname = 'thule' and t.nspowner <> i.nspowner
            where i.nspname = 'thule_internal') then
        raise exception using errcode = 'object_not_in_prerequisite_state',
            message = 'schema thule_internal belongs to another role than schema thule',
            hint = 'If it is of this filesystem, give both to the same role with `alter schema ... owner to ...`; else rename it.';
    end if;
    -- The one trigger of ours; the table is not there yet in an older installation.
    if to_regclass('thule.sql_write') is not null then
        drop trigger if exists write_end on thule.sql_write;
    end if;
    loop
        dropped := 0;
        failed := null;
        for object in
            select case c.relkind when 'v' then 'view' else 'type' end as kind, c.oid::regclass::text as name
            from pg_class c
            where c.relnamespace = any (ours) and c.relkind in ('v', 'c')
            union all
            select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
                p.oid::regprocedure::text
            from pg_proc p
            where p.pronamespace = any (ours)
            union all
            select 'operator', o.oid::regoperator::text from pg_operator o where o.oprnamespace = any (ours)
        loop
            begin
                execute format('drop %s %s', object.kind, object.name);
                dropped := dropped + 1;
            exception when dependent_objects_still_exist then
                get stacked diagnostics failed = pg_exception_detail;
            end;
        end loop;
        exit when failed is null;
        if dropped = 0 then
            raise exception using errcode = 'dependent_objects_still_exist',
                message = 'objects of yours depend on views or functions of ThuleFS: drop them first, and '
                          'create them again afterwards',
                detail = failed;
        end if;
    end loop;
end
$$;
