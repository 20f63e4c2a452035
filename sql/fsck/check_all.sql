-- Asks all checks of thule.fsck, one after the other, and tells how far it is (thule_internal.progress).
-- Returns: the rows of thule.fsck, as of one snapshot. Tables touched: those of the checks (read).
create function thule_internal.check_all() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language plpgsql stable
as $$
#variable_conflict use_column
declare
    checks constant text[] := array(select p.proname from pg_proc p where p.pronamespace = 'thule_internal'::regnamespace
        and p.proname like E'fsck\\_%' order by p.proname);
begin
    for i in 1 .. cardinality(checks) loop
        return query execute format('select check_id, severity, ino, detail, op, repair from thule_internal.%I()', checks[i]);
        perform thule_internal.progress(100 * i / cardinality(checks));
    end loop;
end
$$;
