-- Makes schema osquery, where it is not there yet: the tables of osquery, answered by this filesystem. It is code alone, belongs to whoever owns
-- schema thule, and nobody else may use it until it is granted.
-- Its comment is the sign that it is ours (drop_code.sql). A schema of that name that has something in it and is not ours is somebody's: nothing is
-- made, and nothing in it is touched.
-- Parameters: none. Tables touched: only the system catalog.
do $$
declare
    sign constant text := 'ThuleFS: tables of osquery, answered by this filesystem. Named alone with `set search_path = osquery, thule, public`.';
begin
    if to_regnamespace('osquery') is null then
        execute (select format('create schema osquery authorization %I', pg_get_userbyid(n.nspowner)) from pg_namespace n where n.nspname = 'thule');
    elsif obj_description('osquery'::regnamespace, 'pg_namespace') is distinct from sign and (
            exists (select from pg_class c where c.relnamespace = 'osquery'::regnamespace)
            or exists (select from pg_proc p where p.pronamespace = 'osquery'::regnamespace)
            or exists (select from pg_type t where t.typnamespace = 'osquery'::regnamespace))
        or exists (select from pg_namespace o join pg_namespace t on t.nspname = 'thule' and t.nspowner <> o.nspowner where o.nspname = 'osquery') then
        raise exception using errcode = 'object_not_in_prerequisite_state',
            message = 'this database has a schema osquery that is not of ThuleFS, which makes one',
            hint = 'Rename it with `alter schema osquery rename to ...`; drop it, if a filesystem that is gone has left it; or give it to the owner of schema thule.';
    end if;
    execute format('comment on schema osquery is %L', sign);
end
$$;
