-- What people call is in schema thule and named here; what only our programs call is in thule_internal, which holds code alone
-- and which a grant on schema thule is enough for.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();

select set_eq($$select distinct proname from pg_proc where pronamespace = 'thule'::regnamespace$$,
    array['append', 'blame', 'change', 'changes_under', 'chmod', 'chown', 'content', 'content_at_op', 'copy_range', 'create', 'deleted_file', 'diff', 'escape_name', 'fallocate', 'feed', 'file',
        'file_at', 'file_at_op', 'files_in', 'files_under', 'groupname', 'inodes_under', 'instant', 'instant_op', 'lease_holder', 'link', 'log', 'mkdir', 'mknod', 'mode_kind', 'ns_time', 'op_at', 'path', 'path_at_op', 'put',
        'read_at_op', 'remove', 'removexattr', 'rename', 'resolve', 'resolve_at_op', 'rmdir', 'setflags', 'setxattr', 'symlink', 'time_ns', 'truncate', 'unescape_name', 'unlink', 'usage', 'username',
        'utimens', 'write', 'write_holder', 'write_shown'],
    'functions for people: a new one needs a line in sql/README.md');
select is_empty($$select relname from pg_class where relnamespace = 'thule_internal'::regnamespace and relkind <> 'c'$$,
    'the other schema has neither tables nor views');
select cmp_ok((select count(*) from pg_proc where pronamespace = 'thule_internal'::regnamespace), '>', 100::bigint, 'but functions');
select is_empty($$select a.attrelid::regclass, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_type t on t.oid = a.atttypid
    where c.relnamespace = 'thule'::regnamespace and c.relkind = 'v' and t.typtype = 'd'$$, 'views show base types, whatever domains the tables have');
select is_empty($$select d.typname from pg_type d join pg_proc p on p.proname = d.typname
    where d.typnamespace = 'thule'::regnamespace and d.typtype = 'd'$$, 'and no call of a function is a cast to a domain');
select is((select nspowner from pg_namespace where nspname = 'thule_internal'),
    (select nspowner from pg_namespace where nspname = 'thule'), 'and the same owner');
select is_empty($$select rolname from pg_roles where has_schema_privilege(rolname, 'thule_internal', 'create') and not rolsuper$$,
    'nobody else may put something there');

-- A role that has what docs/shared-server.md says, and one that has nothing.
create role reads_only;
create role has_nothing;
grant usage on schema thule, fx to reads_only;
grant select on all tables in schema thule to reads_only;
grant usage on schema fx to has_nothing;
set local role reads_only;
select is(thule.resolve('/dir/sub'), (select ino from thule.file where path = '/dir/sub'), 'who may read can ask for a path');
select lives_ok($$select * from thule.log('/dir')$$, 'for the log');
select lives_ok($$select * from thule.fsck$$, 'for what is wrong');
select lives_ok($$select * from thule_internal.undo_plan('{"path": "/dir", "since": "op:103"}')$$, 'for what an undo would do');
select throws_ok($$select thule_internal.config_set('retention', '9d', 'me')$$, '42501', null, 'and changes nothing');
select throws_ok($$create function thule_internal.mine() returns int return 1$$, '42501', null, 'and makes nothing');
set local role has_nothing;
select throws_ok($$select thule.resolve('/dir')$$, '42501', null, 'who has nothing asks nothing');
select throws_ok($$select * from thule_internal.walk_at_op('/dir', 104)$$, '42501', null, 'nor by the other schema');
select throws_ok($$select * from thule_internal.inode_at_op(101, 104)$$, '42501', null, 'whatever language it is in');
reset role;

-- An upgrade makes it where an older installation has it not, and leaves alone what is somebody else's.
drop schema fx cascade;
\set drop_code `cat "$SQL_DIR/functions/install/drop_code.sql"`
\set make_schema `cat "$SQL_DIR/functions/install/make_schema.sql"`
create function thule.was_here() returns int return 1;
alter schema thule_internal owner to has_nothing;
select throws_ok(:'drop_code', '55000', null, 'a schema of that name that is somebody else''s is refused');
alter schema thule_internal owner to current_user;
:drop_code
drop schema thule_internal;
:drop_code
select is((select count(*) from pg_proc where pronamespace = 'thule'::regnamespace), 0::bigint, 'old code in schema thule is dropped');
:make_schema
:make_schema
select ok(has_schema_privilege('has_nothing', 'thule_internal', 'usage')
    and not has_schema_privilege('has_nothing', 'thule_internal', 'create'), 'the schema is there again, for everybody to use');

select * from finish();
rollback;
