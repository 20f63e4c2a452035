-- Drops every view and function of the schema, so that the files after this one can create them anew. State
-- (schema/) stays.
-- Nothing is dropped by cascade: a view of the user's that reads ours makes this fail and name it. Ours depend
-- on each other, so whatever is still needed is left for the next pass, until nothing is left or nothing moves.
-- Parameters: none. Tables touched: only the system catalog.
do $$
declare
    object  record;
    dropped integer;
    failed  text;
begin
    loop
        dropped := 0;
        failed := null;
        for object in
            select 'view' as kind, c.oid::regclass::text as name
            from pg_class c
            where c.relnamespace = 'thule'::regnamespace and c.relkind = 'v'
            union all
            select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
                p.oid::regprocedure::text
            from pg_proc p
            where p.pronamespace = 'thule'::regnamespace
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
                message = 'objects of yours depend on views or functions of schema thule: drop them first, and '
                          'create them again afterwards',
                detail = failed;
        end if;
    end loop;
end
$$;
