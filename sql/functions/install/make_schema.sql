-- Makes the schema of the functions that only our programs and our other functions call, where it is not there yet. It belongs
-- to whoever owns schema thule, who upgrades it.
-- Everybody may use it, because it holds nothing but code that runs with the rights of whoever calls it: what that code reads
-- and changes is in schema thule, and one grant on that schema and its tables says who may.
-- Parameters: none. Tables touched: only the system catalog.
do $$
begin
    if to_regnamespace('thule_internal') is null then
        execute (select format('create schema thule_internal authorization %I', pg_get_userbyid(n.nspowner))
            from pg_namespace n where n.nspname = 'thule');
        grant usage on schema thule_internal to public;
    end if;
    comment on schema thule_internal is 'Functions that ThuleFS itself calls. They change with every version: use those of schema thule.';
end
$$;
