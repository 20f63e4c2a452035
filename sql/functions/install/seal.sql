-- Gives every function whose body is text a search_path of its own, so that what it names is what it
-- named when it was written, whoever calls it. SQL bodies (begin atomic, return) bind their names when they are made, and
-- so do views. The last of the code: it seals what the files before it have made.
-- Parameters: none. Tables touched: only the system catalog.
-- Functions run as who calls them and are of no use without privileges on the tables, so execute stays with everyone
-- who may use the schema.
do $$
declare
    f record;
begin
    for f in
        select p.oid::regprocedure as signature
        from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('thule', 'thule_internal') and p.prosqlbody is null and p.prokind in ('f', 'p')
    loop
        execute format('alter routine %s set search_path = pg_catalog, thule, thule_internal, pg_temp', f.signature);
    end loop;
end
$$;
