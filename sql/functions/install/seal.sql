-- Gives every function whose body is text a search_path of its own, so that what it names is what it
-- named when it was written, whoever calls it. SQL bodies (begin atomic, return) bind their names when they are made, and
-- so do views. The last of the code: it seals what the files before it have made.
-- What only such functions call runs with the path of these, since another one costs each call as much as a small statement: the steps of an operation on files,
-- which are those of thule_internal named write_, and who asks for it. tests/sql/test_search_path.sql holds that nothing else calls them. Of write_ the
-- others are called by SQL bodies, or by the daemon.
-- Parameters: none. Tables touched: only the system catalog.
-- What changes files looks for single rows, in tables that may have grown a lot since the session planned it: seldom by reading all of one. So it
-- is planned by index from the first time on, as the statements of the drain are (fs/db/libpq.c), with all that it calls; without sorts, by the one
-- index that has the order that is asked for.
-- Functions run as who calls them and are of no use without privileges on the tables, so execute stays with everyone
-- who may use the schema. As the owner run those that a role of thule.role has for them: what shows a part of the files, and says so where it is
-- made (functions/role), and what changes files by path, and by way of thule.file; it asks in write_begin() whether the role may, and at each step whether the user
-- may. By inode it does not: on the mount, too, a user has to look at the directories on the way. A trigger is of no use on another table.
do $$
declare
    f record;
begin
    for f in
        select p.oid::regprocedure as signature, strpos(p.prosrc, 'thule_internal.write_begin()') > 0 as writes,
            p.prorettype = 'trigger'::regtype as triggers, n.nspname = 'thule' and p.proargtypes[0] = 'text'::regtype as by_path,
            n.nspname = 'thule_internal' and p.prorettype <> 'trigger'::regtype and (p.proname in ('session_writer', 'session_actor')
                or p.proname ~ '^write_' and p.proname not in ('write_asked', 'write_hurry', 'write_lend', 'write_limit', 'write_octal', 'write_regain')) as step
        from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('thule', 'thule_internal', 'osquery') and p.prosqlbody is null and p.prokind in ('f', 'p')
    loop
        if not f.step then
            execute format('alter routine %s set search_path = pg_catalog, thule, thule_internal, pg_temp', f.signature);
        end if;
        if f.writes and not f.step then
            execute format('alter routine %s set enable_seqscan = off', f.signature);
            execute format('alter routine %s set enable_sort = off', f.signature);
        end if;
        if f.triggers then
            execute format('revoke execute on routine %s from public', f.signature);
        end if;
        if f.triggers or f.writes and f.by_path then
            execute format('alter routine %s security definer', f.signature);
        end if;
    end loop;
end
$$;
