-- The code that there is, and dropping it, as an upgrade does first: all of it, nothing else, and nothing of the user's.
begin;
select no_plan();

create function pg_temp.code() returns bigint language sql as $$
select (select count(*) from pg_class where relnamespace in ('thule'::regnamespace, 'thule_internal'::regnamespace, 'osquery'::regnamespace)
        and relkind in ('v', 'c'))
    + (select count(*) from pg_proc where pronamespace in ('thule'::regnamespace, 'thule_internal'::regnamespace, 'osquery'::regnamespace))
$$;
create temp table tables as
    select c.oid, c.relname from pg_class c where c.relnamespace = 'thule'::regnamespace and c.relkind <> 'v';
create temp table before as select pg_temp.code() as objects;

-- What people find with \dv is what they are to read, and says what it is. Checks of fsck are functions.
select set_eq($$select relname from pg_class where relnamespace = 'thule'::regnamespace and relkind = 'v'$$,
    array['change', 'deleted_file', 'duplicate_file', 'file', 'file_lock', 'fsck', 'latency', 'live_batch', 'live_budget', 'live_descriptor', 'live_error', 'live_journal', 'live_process', 'open_file', 'quota_tree', 'quota_usage', 'request_wait', 'space_usage'], 'the views there are');
select is_empty($$select relname from pg_class c where relnamespace = 'thule'::regnamespace and relkind = 'v'
    and obj_description(oid, 'pg_class') is null$$, 'views have comments');

create schema mine;
create view mine.paths as select path from thule.file;
\set drop_code `cat "$SQL_DIR/functions/install/drop_code.sql"`
select throws_ok(:'drop_code', '2BP01', null, 'a view of the user''s is in the way');
select is(pg_temp.code(), objects, 'then nothing is dropped') from before;

drop view mine.paths;
:drop_code
select is(pg_temp.code(), 0::bigint, 'no view and no function is left');
select set_eq($$select c.oid, c.relname from pg_class c where c.relnamespace = 'thule'::regnamespace$$,
    'select * from tables', 'all tables and indexes are');
:drop_code
select is(pg_temp.code(), 0::bigint, 'dropping nothing is no error');

select * from finish();
rollback;
