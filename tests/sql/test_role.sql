-- Roles that were granted a part of the filesystem: what a reader, a writer and an auditor see, that nothing else is open to them, and that
-- nobody else may ask for what they may.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();
create role sees_as_5;
create role sees_as_6;
create role writes_as_5;
create role audits;
create role has_nothing;
create role reads_tables;
create role of_both in role sees_as_5, sees_as_6;
create role of_one in role sees_as_5;
grant usage on schema thule to has_nothing, reads_tables;
grant select on all tables in schema thule to reads_tables;
grant usage on schema fx to public;
create function fx.grant(kind text, role text, uid bigint, groups bigint[] default '{}') returns void language sql
    return thule_internal.role_grant(kind, role, uid, uid, groups, 'a test');
select fx.grant('reader', 'sees_as_5', 5, '{77}');
select fx.grant('reader', 'sees_as_6', 6);
select fx.grant('writer', 'writes_as_5', 5);
select fx.grant('auditor', 'audits', null);
-- Refuses what fails for want of rights, and says what else there is.
create function fx.outcome(statement text) returns text language plpgsql as $$
begin
    execute statement;
    return 'answered';
exception
    when insufficient_privilege then return 'refused';
    when others then return sqlstate || ' ' || sqlerrm;
end $$;
create function fx.paths() returns text language sql return (select string_agg(path, ' ' order by path) from thule.file);

-- What is granted to whom.
select throws_ok($$select fx.grant('reader', 'no_such_role', 5)$$, 'P0002', null, 'no such role');
select throws_ok($$select fx.grant('reader', current_user, 5)$$, '22023', null, 'a role that sees everything');
select throws_ok($$select fx.grant('king', 'sees_as_5', 5)$$, '23514', null, 'no such kind');
select throws_ok($$select fx.grant('auditor', 'sees_as_5', 5)$$, '23514', null, 'an auditor is no user');
select throws_ok($$select fx.grant('reader', 'sees_as_5', null)$$, '23514', null, 'a reader is one');
create role sees_by_other in role reads_tables;
select throws_ok($$select fx.grant('reader', 'sees_by_other', 5)$$, '22023', null, 'a role that another one lets read the tables');
select throws_ok($$select thule_internal.role_revoke('has_nothing')$$, 'P0002', null, 'nothing to revoke');

-- Identity: set role, else the session; of a member that of its role.
select is(thule_internal.session_viewer(), null, 'the owner has no rules');
set local role sees_as_5;
select is(thule_internal.session_viewer(), '{5,5,77}', 'a reader is a user');
select throws_ok('select thule_internal.session_writer()', '42501', null, 'who changes nothing');
set local role of_one;
select is(thule_internal.session_viewer(), '{5,5,77}', 'and so is a member of it');
set local role of_both;
select throws_ok('select thule_internal.session_viewer()', '42501', null, 'a member of two has to say which');
select throws_ok('select count(*) from thule.file', '42501', null, 'and sees nothing before');
set local role writes_as_5;
select is(thule_internal.session_writer(), '{5,5}', 'a writer');
set local role audits;
select is(thule_internal.session_viewer(), '{-1,-1}', 'an auditor is nobody');
select throws_ok('select thule_internal.session_writer()', '42501', null, 'who changes nothing, either');
set local role reads_tables;
select is(thule_internal.session_viewer(), null, 'who was given the tables has no rules');
select throws_ok('select thule_internal.session_writer()', '42501', null, 'as long as nothing is to be changed');
set local role has_nothing;
select throws_ok('select thule_internal.session_viewer()', '42501', null, 'who was given nothing is told so');
select throws_ok('select thule_internal.session_writer()', '42501', null, 'by all');
reset role;

-- Whatever relation there is: a reader may read the view of files, and an auditor all but the bytes. A new one is open to nobody else.
select set_eq($$select r.role, c.relname from thule.role r join pg_class c on c.relnamespace = 'thule'::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f', 'S')
        and has_any_column_privilege(r.role, c.oid, 'select, insert, update, references') where r.kind <> 'auditor'$$,
    $$values ('sees_as_5', 'file'), ('sees_as_6', 'file'), ('writes_as_5', 'file')$$, 'relations that a reader and a writer may read');
select set_eq($$select c.relname from pg_class c where c.relnamespace = 'thule'::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f')
        and not has_table_privilege('audits', c.oid, 'select')$$, array['blob', 'duplicate_file'], 'and that an auditor may not read');
select is_empty($$select r.role, c.relname from thule.role r join pg_class c on c.relnamespace = 'thule'::regnamespace and c.relkind in ('r', 'v')
        and has_any_column_privilege(r.role, c.oid, 'insert, update') where r.kind in ('reader', 'auditor')$$, 'only a writer may write');
-- Whatever function there is: those that run as the owner are these, and each asks who it is (thule_internal.session_grant).
select set_eq($$select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace and n.nspname in ('thule', 'thule_internal', 'osquery')
        where p.prosecdef and p.prosrc !~ 'write_begin' and p.prorettype <> 'trigger'::regtype$$,
    array['session_grant', 'resolve_seen', 'path_seen', 'read_seen', 'op_seen', 'tree_seen', 'names_seen', 'user_seen', 'file_seen', 'files_in_seen', 'files_under_seen', 'log_seen', 'change_seen',
        'op_at_seen', 'instant_seen', 'instant_op_seen', 'changes_seen', 'feed_seen', 'deleted_seen', 'blame_seen', 'diff_seen', 'usage_seen'],
    'functions that run as the owner: a new one needs a test that it asks for the session');
select set_eq($$select p.proname from pg_proc p where p.prosecdef and p.pronamespace = 'thule'::regnamespace$$,
    array['append', 'chmod', 'chown', 'copy_range', 'create', 'fallocate', 'link', 'mkdir', 'mknod', 'put', 'remove', 'removexattr', 'rename', 'rmdir', 'setflags', 'setxattr',
        'symlink', 'truncate', 'unlink', 'utimens', 'write', 'write_shown'], 'and what changes files, as their user may: a new one needs a line below');
select is_empty($$select p.oid::regprocedure from pg_proc p where p.prosecdef and p.pronamespace = 'thule'::regnamespace
    and p.proargtypes[0] <> 'text'::regtype$$, 'by path alone');
select is_empty($$select p.oid::regprocedure from pg_proc p where p.prosecdef and p.prorettype = 'trigger'::regtype
    and has_function_privilege('sees_as_5', p.oid, 'execute')$$, 'triggers cannot be put on other tables');
-- Whatever view or function people call: its example is refused, or it is one of those that show a user's part of it.
create table fx.example (name text, statement text);
insert into fx.example
select 'view ' || c.relname, substring(obj_description(c.oid, 'pg_class') from ' Example: (.*);$') from pg_class c
where c.relnamespace = 'thule'::regnamespace and c.relkind in ('v', 'm')
union all
select p.proname, substring(obj_description(p.oid, 'pg_proc') from ' Example: (.*);$') from pg_proc p where p.pronamespace = 'thule'::regnamespace
union all
select 'table ' || c.relname, format('select * from thule.%I', c.relname) from pg_class c where c.relnamespace = 'thule'::regnamespace and c.relkind in ('r', 'p', 'f');
grant select on fx.example to public;
create function fx.answered() returns setof text language sql
begin atomic
    select e.name from fx.example e where fx.outcome(e.statement) <> 'refused';
end;
set local role sees_as_5;
select set_eq('select fx.answered()', array['view file', 'file', 'files_in', 'files_under', 'file_at', 'file_at_op', 'resolve', 'resolve_at_op', 'path',
    'content', 'content_at_op', 'read_at_op', 'path_at_op', 'log', 'change', 'changes_under', 'feed', 'deleted_file', 'blame', 'diff', 'usage', 'instant', 'instant_op', 'username', 'groupname'], 'all that a reader is answered');
set local role has_nothing;
select is_empty('select fx.answered()', 'a stranger is answered nothing');
set local role audits;
select set_eq($$select e.name from fx.example e where fx.outcome(e.statement) = 'refused' and e.name not in (select p.proname from pg_proc p where p.prosrc ~ 'write_begin')$$,
    array['view duplicate_file', 'table blob', 'view fsck', 'view space_usage'], 'all that an auditor is refused, of what changes nothing');
reset role;
-- A view or function that shows everything, and is opened, does not pass: it is in each of these lists.
savepoint everything;
create view thule.everything as select * from thule.dirent;
comment on view thule.everything is 'Everything. Example: select * from thule.everything;';
create function thule.all_of_it() returns setof thule.dirent language sql security definer as 'select * from thule.dirent';
comment on function thule.all_of_it() is 'All. Example: select * from thule.all_of_it();';
insert into fx.example values ('view everything', 'select * from thule.everything'), ('all_of_it', 'select * from thule.all_of_it()');
select fx.grant('reader', 'sees_as_5', 5, '{77}');
set local role sees_as_5;
select set_has('select fx.answered()', $$values ('all_of_it')$$, 'a function that runs as the owner is seen');
select set_hasnt('select fx.answered()', $$values ('view everything')$$, 'a view is closed as it comes');
reset role;
grant select on thule.everything to sees_as_5;
set local role sees_as_5;
select set_has('select fx.answered()', $$values ('view everything')$$, 'and seen when it is opened');
reset role;
rollback to everything;

-- The tree is of root, with modes that everybody may read.
set local role sees_as_5;
select is(fx.paths(), '/ /dir /dir/file /dir/sub /dir/sub/hard /empty /link', 'what is open to all');
select is(thule.content('/dir/file'), 'hello world', 'with its bytes');
select is((select username from thule.file where path = '/empty'), (select username from thule.file('/empty')), 'and names of users');
select is((select count(*) from thule.file_at(now())), 7::bigint, 'and as it was');
reset role;
select set_eq('select f from thule.file f', 'select t from thule.file_at_op(thule_internal.present()) t', 'the owner sees one tree');
create table fx.all as select * from thule.file;
grant select on fx.all to public;
set local role sees_as_5;
select set_eq('select f.* from thule.file f', 'select * from fx.all', 'and a reader the same rows of it');
reset role;

-- A file that is closed; a directory that is closed above others; one that may be searched alone, and one that may be listed alone.
select fx.chmod('/empty', 384);
set local role sees_as_5;
select is(fx.paths(), '/ /dir /dir/file /dir/sub /dir/sub/hard /empty /link', 'a closed file is seen');
select throws_ok($$select thule.content('/empty')$$, '42501', null, 'but not read');
select throws_ok($$select thule.read_at_op(103, 9223372036854775807, 0, 1)$$, '42501', null, 'nor by its number');
select is(thule.content_at_op('/dir/file', 103), 'hello world', 'an instant of an open one');
reset role;
select set_config('test.before', (select max(op)::text from thule.op), true);
select fx.chmod('/dir', 448);
set local role sees_as_5;
select is(fx.paths(), '/ /dir /empty /link', 'below a closed directory is nothing');
select is((select string_agg(path, ' ' order by path) from thule.file_at_op(current_setting('test.before')::bigint)), '/ /dir /empty /link', 'nor in the past');
select throws_ok($$select thule.resolve('/dir/file')$$, '42501', null, 'nor by a path');
select throws_ok($$select thule.resolve('/dir/nothing')$$, '42501', null, 'whether or not it is there');
select is_empty($$select * from thule.file('/dir/file')$$, 'and has no row');
select throws_ok($$select thule.content_at_op('/dir/file', 103)$$, '42501', null, 'nor as it was when that was open');
select is(thule.path(102), null, 'nor has its number a path');
select is_empty($$select * from thule.files_in('/dir')$$, 'its names are not told');
select is_empty($$select * from thule.files_under('/dir')$$, 'nor those below');
set local "thule.acl" = 'off';
set local "thule.past" = 'all';
select is(fx.paths(), '/ /dir /empty /link', 'settings open nothing');
reset role;
select fx.chmod('/dir', 457);                           -- 711
set local role sees_as_5;
select is(fx.paths(), '/ /dir /empty /link', 'a directory that may be searched alone is not listed');
select is((select path from thule.file('/dir/file')), '/dir/file', 'but who knows a name may ask for it');
select is(thule.content('/dir/file'), 'hello world', 'and read it');
select is(thule.path(102), null, 'numbers tell no names');
select is(thule.path(thule.resolve('/dir/sub/hard')), null, 'nor that of a directory above, where what is in it may be listed');
reset role;
update thule.inode set uid = 5 where ino = thule.resolve('/dir/sub');
set local role sees_as_5;
select is(thule.path(thule.resolve('/dir/sub')), '/dir/sub', 'but of what is the user''s own');
reset role;
update thule.inode set uid = 1000 where ino = thule.resolve('/dir/sub');
set local role sees_as_5;
reset role;
select fx.chmod('/dir', 452);                           -- 704
set local role sees_as_5;
select is(fx.paths(), '/ /dir /empty /link', 'where names may be read and not looked up is nothing');
select throws_ok($$select thule.resolve('/dir/file')$$, '42501', null, 'to be had');
reset role;

-- By owner, group and further groups; access lists.
update thule.inode set gid = 77 where ino = 100;
select fx.chmod('/dir', 488);                           -- 750
set local role sees_as_5;
select is(fx.paths(), '/ /dir /dir/file /dir/sub /dir/sub/hard /empty /link', 'a group of the user');
set local role sees_as_6;
select is(fx.paths(), '/ /dir /empty /link', 'that another has not');
reset role;
-- owner rwx, user 6 r-x, group ---, mask r-x, others ---
select fx.setxattr('/dir', 'system.posix_acl_access', '\x02000000' || '\x01000700ffffffff'::bytea || '\x0200050006000000'
    || '\x04000000ffffffff' || '\x10000500ffffffff' || '\x20000000ffffffff', 488);
set local role sees_as_6;
set local "thule.acl" = 'off';
select is(fx.paths(), '/ /dir /dir/file /dir/sub /dir/sub/hard /empty /link', 'an access list opens, whatever is set');
set local role sees_as_5;
select is(fx.paths(), '/ /dir /empty /link', 'and closes');
reset role;

-- Moved and removed: of the past counts where a file is now, or was when it went.
select fx.chmod('/dir', 493);
select fx.setxattr('/dir', 'system.posix_acl_access', null, 493);
select fx.mkdir('/private');
select fx.create('/moved');
select fx.create('/gone');
select set_config('test.moved', thule.resolve('/moved')::text, true);
select set_config('test.before', (select max(op)::text from thule.op), true);
select fx.chmod('/private', 448);
select fx.rename('/moved', '/private/moved');
select fx.unlink('/gone');
set local role sees_as_5;
select isnt_empty($$select * from thule.file_at_op(current_setting('test.before')::bigint) where path = '/gone'$$, 'what was open when it went is seen');
select is_empty($$select * from thule.file_at_op(current_setting('test.before')::bigint) where path = '/moved'$$, 'what is behind a door now is not');
select throws_ok($$select thule.resolve_at_op('/moved', current_setting('test.before')::bigint)$$, '42501', null, 'nor by its path');
select throws_ok($$select thule.read_at_op(current_setting('test.moved')::bigint, current_setting('test.before')::bigint, 0, 1)$$, '42501', null, 'nor by its number');
reset role;

-- Ways around: functions, operators, temporary tables and paths of one's own; what is cheap is asked first.
grant temporary on database postgres to public;
set local role sees_as_5;
create function pg_temp.leak(text) returns boolean language plpgsql cost 0.0000001 as $$ begin raise warning 'leaked %', $1; return true; end $$;
create function pg_temp.leak(bigint) returns boolean language plpgsql cost 0.0000001 as $$
    begin if $1 not in (select ino from thule.file) then raise exception 'leaked %', $1; end if; return true; end $$;
select lives_ok('select * from thule.file where pg_temp.leak(ino)', 'a function sees no row but those that are shown');
select lives_ok('select * from thule.file a left join thule.file b on b.ino = a.ino and pg_temp.leak(b.ino) where pg_temp.leak(a.parent)', 'nor in joins');
create temp table dirent as select 1::bigint as parent, 'x'::bytea as name, 101::bigint as ino;
create temp table role as select 'sees_as_5' as role, 'reader' as kind, 0::bigint as uid, 0::bigint as gid;
create function pg_temp.session_grant() returns text language sql as $$ select null $$;
set local search_path = pg_temp, public, pg_catalog, thule;
select throws_ok($$select thule.resolve('/private/moved')$$, '42501', null, 'tables of its own stand for none of ours');
select throws_ok('select * from thule.inode', '42501', null, 'tables are closed');
select throws_ok('create policy p on thule.inode', '42501', null, 'and stay it');
select throws_ok('insert into thule.role values (''sees_as_5'', ''reader'', 0, 0)', '42501', null, 'nor grants itself more');
select throws_ok($$select thule_internal.role_grant('auditor', 'sees_as_5', null, null, null, 'me')$$, '42501', null, 'by no function');
reset search_path;
reset role;

-- What the planner knows of columns is told to nobody, either: an operator of one's own is asked about common values.
insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from, valid_from)
    select 5000 + n, 33188, 1, 4321, 4321, 0, 987654321, 0, 0, 0, 0, 0, 1, now() from generate_series(1, 50) n;
insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
    select thule.resolve('/private'), convert_to('hidden' || n, 'UTF8'), 5000 + n, 5000 + n, 1, now() from generate_series(1, 50) n;
analyze thule.inode, thule.dirent;
set local role sees_as_5;
create function pg_temp.peek(bigint, bigint) returns boolean language plpgsql as $$
    begin if $1 in (987654321, 4321) then raise exception 'leaked %', $1; end if; return $1 = $2; end $$;
create function pg_temp.peek(integer, integer) returns boolean language plpgsql as $$
    begin if $1 = 33188 then raise exception 'leaked %', $1; end if; return $1 = $2; end $$;
create operator pg_temp.=== (leftarg = bigint, rightarg = bigint, function = pg_temp.peek, restrict = eqsel, join = eqjoinsel);
create operator pg_temp.=== (leftarg = integer, rightarg = integer, function = pg_temp.peek, restrict = eqsel, join = eqjoinsel);
select lives_ok(format('select from thule.file where %I operator(pg_temp.===) 1', c), 'values of ' || c)
from unnest(array['ino', 'uid', 'gid', 'size', 'nlink', 'allocated', 'parent', 'mode']) c;
reset role;

delete from thule.dirent where ino > 5000;
delete from thule.inode where ino > 5000;

-- The log of many ops looks at each directory once, and says what it says of each by itself, to whomever.
select fx.mkdir('/mine'), fx.chmod('/dir', 448), fx.chmod('/dir/file', 384), fx.chmod('/dir', 457), fx.chmod('/dir/file', 420), fx.mkdir('/dir/new'), fx.create('/dir/new/x'), fx.rename('/dir/new', '/mine/taken'), fx.chmod('/mine/taken/x', 420),
    fx.rename('/mine/taken/x', '/dir/x'), fx.chmod('/dir', 493), fx.setxattr('/dir', 'system.posix_acl_access', '\x02000000' || '\x01000700ffffffff'::bytea || '\x0200050006000000'
    || '\x04000000ffffffff' || '\x10000500ffffffff' || '\x20000000ffffffff', 488), fx.chmod('/dir/x', 420), fx.create('/dir/y'), fx.setxattr('/dir', 'system.posix_acl_access', null, 493), fx.chmod('/dir/y', 420) \g /dev/null
create function fx.by_itself(viewer bigint[]) returns setof thule.change language sql
begin atomic
    select v.* from thule.change c cross join lateral thule_internal.viewed_change(c, viewer) v;
end;
select set_eq(format('select * from thule_internal.viewed_changes(array(select op from thule.op), %L)', u), format('select * from fx.by_itself(%L)', u), 'the log as shown to ' || u)
from unnest(array['{5,5,77}', '{6,6}', '{7,7}', '{1000,1001}', '{0,0}']) u;
select cmp_ok((select count(distinct p) from unnest(array['{5,5,77}', '{6,6}', '{7,7}', '{1000,1001}', '{0,0}']::text[]) u
    cross join lateral (select count(*) filter (where b.path is null) as p from fx.by_itself(u::bigint[]) b) n), '>=', 3::bigint, 'which differs');

-- Of the user's own files: what was done below a directory, since an op, what was deleted, who wrote what, what differs, how much.
select fx.mkdir('/mine/sub'), fx.create('/mine/sub/a'), fx.chmod('/mine/sub/a', 384), fx.rename('/mine/sub', '/mine/moved'), fx.chmod('/mine/moved/a', 420), fx.create('/mine/late'), fx.write('/mine/late', 0, 'by ada'), fx.create('/mine/gone'), fx.create('/private/mine'), fx.create('/mine/taker'), fx.create('/mine/victim') \g /dev/null
update thule.inode i set uid = 5 where i.ino in (select f.ino from thule.file f where f.path in ('/mine/late', '/mine/gone', '/private/mine', '/mine/victim', '/mine', '/mine/moved', '/mine/moved/a'));
select fx.unlink('/mine/gone'), fx.rename('/mine/taker', '/mine/victim'), fx.chmod('/private/mine', 384), fx.chmod('/mine/late', 384) \g /dev/null
create table fx.own_change as select v.* from fx.by_itself('{5,5,77}') v where thule_internal.sees_op(v.op, '{5,5,77}');
create table fx.all_change as select * from thule.change;
create table fx.own_ino as select o.ino from thule.op o where thule_internal.is_own(o.ino, '{5}') group by o.ino;
grant select on fx.own_change, fx.own_ino, fx.all_change to public;
select cmp_ok((select count(*) from fx.own_change), '>=', 15::bigint, 'there is a log of own files');
select cmp_ok((select count(*) from fx.own_change where path is null), '>', 0::bigint, 'some of them where the user may not look');
set local role sees_as_5;
select set_eq($$select * from thule.changes_under('/')$$, $$select * from fx.own_change where path is not null and path <> '/'$$, 'all of it');
select set_eq($$select * from thule.changes_under('/mine')$$, $$select * from fx.own_change where path like '/mine/%'$$, 'below a directory');
select results_eq($$select * from thule.feed(0, 1000)$$, $$select * from fx.own_change order by op$$, 'in order');
select results_eq($$select op from thule.feed(200, 3)$$, $$select op from fx.own_change where op > 200 order by op limit 3$$, 'some of it');
select is_empty($$select * from thule.changes_under('/private')$$, 'nothing where the user may not look');
select is_empty($$select * from thule.change('/private/mine')$$, 'nor by a path that is tried');
select results_eq($$select how, path, owner_uid, username, cmdline from thule.deleted_file('/mine/gone')$$, $$values ('unlink', '/mine/gone', 5::bigint, 'ada', null::text)$$, 'who deleted it');
select results_eq($$select how from thule.deleted_file('/mine/victim')$$, $$values ('rename')$$, 'or put another in its place');
select is_empty($$select * from thule.deleted_file('/gone')$$, 'not of another''s file');
select results_eq($$select off, len, username, cmdline from thule.blame('/mine/late')$$, $$values (0::bigint, 6::bigint, 'ada', null::text)$$, 'who wrote it');
select throws_ok($$select * from thule.blame('/dir/file')$$, '42501', null, 'not of another''s file');
select throws_ok($$select * from thule.blame('/private/mine')$$, '42501', null, 'nor where the user may not look');
select is_empty($$select * from thule.blame('/mine/none')$$, 'nor of none');
select is_empty($$select d.ino from thule.diff('2024-01-01 00:00:30+00', now()) d where d.ino not in (select o.ino from fx.own_ino o)$$, 'differences of own files alone');
select set_has($$select change, path, cmdline from thule.diff('2024-01-01 00:00:30+00', now(), '/mine')$$, $$values ('added', '/mine/late', null::text)$$, 'what differs');
select is_empty($$select * from thule.diff('2024-01-01 00:00:30+00', now()) where path ~ '^/private'$$, 'no path where the user may not look');
select throws_ok($$select * from thule.diff('2024-01-01 00:00:30+00', now(), '/private/mine')$$, '42501', null, 'nor one that is tried');
select is((select sum(ops) from thule.usage('user')), (select count(*) from fx.all_change c where c.ino in (select o.ino from fx.own_ino o))::numeric, 'as many ops as were done to them');
select is_empty($$select name from thule.usage('directory') where name like '/private%'$$, 'in directories where the user may look');
select set_has($$select name from thule.usage('directory', '2024-01-01'::text)$$, $$values ('/mine')$$, 'by name');
select is(thule.op_at('2024-01-01 00:01:45+00'), 105::bigint, 'ops of times are told');
select is(thule.instant('op:105'), '2024-01-01 00:01:45+00'::timestamptz, 'and times of ops');
select is(thule.username(1000), 'ada', 'and names of users');
select throws_ok(s, '42501', null, s) from unnest(array['select thule.lease_holder()', 'select * from thule.write_holder()', $$select * from thule.inodes_under('/')$$, 'select * from thule.duplicate_file']) s;
reset role;

-- A writer does what its user may do, and nobody else does.
select fx.chmod('/dir', 493);
select fx.mkdir('/own');
select fx.create('/own/file');
select fx.create('/of-all');
select fx.mkdir('/private/open');
update thule.inode set uid = 5, gid = 5 where ino in (thule.resolve('/own'), thule.resolve('/own/file'));
select fx.chmod('/of-all', 438);
select fx.chmod('/private/open', 511);
select set_config('test.own', thule.resolve('/own/file')::text, true);
set local role writes_as_5;
select lives_ok(s, s) from unnest(array[
    $$select thule.write_shown()$$, $$select thule.chmod('/own/file', '0600')$$, $$select thule.put('/own/new', 'bytes')$$, $$select thule.mkdir('/own/dir')$$,
    $$select thule.write('/of-all', 0, 'by 5')$$, $$select thule.append('/own/new', '!')$$, $$select thule.rename('/own/new', '/own/dir/new')$$,
    $$select thule.symlink('dir', '/own/link')$$, $$select thule.link('/own/file', '/own/hard')$$, $$select thule.unlink('/own/hard')$$,
    $$select thule.setxattr('/own/file', 'user.a', 'b')$$, $$select thule.utimens('/own/file', now())$$, $$select thule.truncate('/own/file', 3)$$,
    $$update thule.file set mode = 448 where path = '/own/dir'$$, $$insert into thule.file (path, content) values ('/own/by-row', 'x')$$,
    $$delete from thule.file where path = '/own/link'$$, $$update thule.file set path = '/own/row' where path = '/own/by-row'$$]) s;
select is(thule.content('/own/dir/new'), 'bytes!', 'and it is there');
select is((select uid from thule.file where path = '/own/row'), 5::bigint, 'as the user''s');
select throws_like(s, 'E%', s) from unnest(array[
    $$select thule.chmod('/dir/file', 511)$$, $$select thule.chown('/own/file', 6)$$, $$select thule.write('/dir/file', 0, 'x')$$,
    $$select thule.create('/dir/new')$$, $$select thule.unlink('/dir/file')$$, $$select thule.unlink('/of-all')$$, $$select thule.rename('/own/file', '/dir/file')$$,
    $$select thule.put('/private/new', 'x')$$, $$select thule.put('/private/open/new', 'x')$$, $$select thule.remove('/private', true)$$,
    $$select thule.mknod('/own/device', 24576, 1, 3)$$, $$select thule.setxattr('/own/file', 'trusted.a', 'b')$$, $$select thule.setflags('/own/file', 'i')$$,
    $$select thule.copy_range('/empty', 0, '/own/file', 0, 1)$$, $$update thule.file set mode = 511 where path = '/dir'$$,
    $$delete from thule.file where path = '/empty'$$, $$insert into thule.file (path) values ('/new')$$]) s;
select throws_ok($$select thule.chmod(current_setting('test.own')::bigint, 448)$$, '42501', null, 'nothing by inode');
select throws_ok($$select thule_internal.write_op('chmod', 1)$$, '42501', null, 'nor by a step alone');
set local "thule.emptied" = '1';
select lives_ok($$delete from thule.file where false$$, 'a setting');
create temp table own_table as select 1 as xact;
select throws_ok('create trigger t after insert on own_table for each row execute function thule_internal.write_end()', '42501', null, 'nor by our triggers on a table of its own');
reset role;
select is((select uid from thule.actor where id = (select actor from thule.op order by op desc limit 1)), 5::bigint, 'the log has the user');
select is((select username from thule.actor where id = (select actor from thule.op order by op desc limit 1)), 'writes_as_5', 'and the role');
select thule.chmod('/own/file', 420);
-- The log of one's own files, as `thule log` has it on the mount: of others that they did it, and not what they typed.
set local role sees_as_5;
select results_eq($$select kind, username, cmdline is null from thule.log('/own/file') where kind = 'chmod' order by op$$,
    format($$values ('chmod', 'writes_as_5', false), ('chmod', %L, true)$$, session_user), 'who changed the user''s own file');
select isnt_empty($$select * from thule.change('/own/file')$$, 'by path');
select is_empty($$select * from thule.log('/empty')$$, 'nothing of another''s');
select is_empty($$select * from thule.change('/dir/file')$$, 'nor by path');
select throws_ok('select * from thule.change', '42501', null, 'nor the log');
select is_empty($$select * from thule.changes_under('/dir')$$, 'nor below a directory');
select throws_ok(s, '42501', null, 'a reader may not: ' || s) from unnest(array[$$select thule.chmod('/own/file', 384)$$, $$select thule.put('/own/x', 'x')$$,
    $$update thule.file set mode = 448 where path = '/own/file'$$, $$select thule.remove('/own', true)$$]) s;
set local role audits;
select throws_ok($$select thule.put('/of-all', 'x')$$, '42501', null, 'nor may an auditor');
set local role has_nothing;
select throws_ok($$select thule.put('/of-all', 'x')$$, '42501', null, 'nor a stranger');
set local role reads_tables;
select throws_ok($$select thule.put('/of-all', 'x')$$, '42501', null, 'nor who reads all');
reset role;
set constraints all immediate;
set constraints all deferred;
select is_empty('select * from thule.fsck', 'and all is sound');

-- An auditor.
set local role audits;
select is((select count(*) from thule.file), (select count(*) from thule.file_at_op(9223372036854775807)), 'an auditor sees every name');
select isnt_empty($$select * from thule.file where path = '/private/moved'$$, 'behind doors');
select isnt_empty('select * from thule.change', 'and the log');
select throws_ok($$select thule.content('/dir/file')$$, '42501', null, 'and no byte');
select throws_ok($$select thule_internal.read_seen('/dir/file', 9223372036854775807)$$, '42501', null, 'by no way');
select throws_ok('select data from thule.blob', '42501', null, 'at all');
-- Whoever was given the tables, or less of them, gets no more by our functions.
set local role has_nothing;
select throws_ok('select * from thule_internal.tree_seen(9223372036854775807)', '42501', null, 'a stranger sees no tree');
select throws_ok('select thule_internal.read_seen(102, 9223372036854775807, 0, 9)', '42501', null, 'reads no byte');
set local role reads_tables;
select is(thule.content('/dir/file'), 'hello world', 'who was given all tables reads');
reset role;
revoke select on thule.blob from reads_tables;
set local role reads_tables;
select throws_ok('select thule_internal.read_seen(102, 9223372036854775807, 0, 9)', '42501', null, 'and without blobs does not');
reset role;

-- Revoked, given anew, and after an upgrade.
select thule_internal.role_revoke('sees_as_6');
set local role sees_as_6;
select throws_ok('select * from thule.file', '42501', null, 'what was revoked is closed');
reset role;
select fx.grant('auditor', 'sees_as_5', null);
select ok(has_table_privilege('sees_as_5', 'thule.op', 'select'), 'another grant');
select fx.grant('reader', 'sees_as_5', 5);
select ok(not has_table_privilege('sees_as_5', 'thule.op', 'select') and has_table_privilege('sees_as_5', 'thule.file', 'select'), 'replaces the first');
revoke all on thule.file from sees_as_5;
\set regrant `cat "$SQL_DIR/functions/install/regrant.sql"`
:regrant
select ok(has_table_privilege('sees_as_5', 'thule.file', 'select'), 'an upgrade gives back what it took');
alter role sees_as_5 rename to was_renamed;
create role sees_as_5;
:regrant
select ok(not has_schema_privilege('sees_as_5', 'thule', 'usage'), 'and nothing to another role that was given the name since');
set local role was_renamed;
select throws_ok('select * from thule.file', '42501', null, 'a role that was renamed was granted nothing');
reset role;

select * from finish();
rollback;
