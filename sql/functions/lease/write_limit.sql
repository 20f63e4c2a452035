-- How long a SQL transaction may have the right to write while changes on the mount wait for it: the setting thule.write_limit of the database,
-- as it is now, else of the session.
-- Parameters: none. Returns: a time, 10 s where there is no setting that is one. Tables touched: none.
create function thule_internal.write_limit() returns interval
language plpgsql stable
as $$
begin
    return coalesce(
        (select substr(s.entry, length('thule.write_limit=') + 1)
            from pg_db_role_setting d, unnest(d.setconfig) s (entry)
            where d.setdatabase = (select b.oid from pg_database b where b.datname = current_database()) and d.setrole = 0
                and s.entry like E'thule.write\\_limit=%'),
        nullif(current_setting('thule.write_limit', true), ''), '10s')::interval;
exception when others then
    return interval '10 s';
end
$$;
