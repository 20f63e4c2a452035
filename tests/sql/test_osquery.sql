-- The tables of osquery: its columns, its answers, what is found by index, and what statements demand.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();
insert into thule.mount (host, boot_id, pid, mountpoint, source, options, version, read_only, backend)
    values ('north', 'boot', 1, '/srv/files', 'private', '', '0', false, 0);

-- Columns as osquery 5 has them, by name and type, in its order and before ours.
create table fx.spec (relation text, columns text);
insert into fx.spec values
('file', 'path text, directory text, filename text, inode bigint, uid bigint, gid bigint, mode text, device bigint, size bigint, block_size integer, atime bigint, mtime bigint, ctime bigint, btime bigint, hard_links integer, symlink integer, type text, symlink_target_path text'),
('hash', 'path text, directory text, md5 text, sha1 text, sha256 text'),
('extended_attributes', 'path text, directory text, key text, value text, base64 integer'),
('suid_bin', 'path text, username text, groupname text, permissions text'),
('mounts', 'device text, device_alias text, path text, type text, blocks_size bigint, blocks bigint, blocks_free bigint, blocks_available bigint, inodes bigint, inodes_free bigint, flags text'),
('process_open_files', 'pid bigint, fd bigint, path text'),
('file_events', 'target_path text, category text, action text, transaction_id bigint, inode bigint, uid bigint, gid bigint, mode text, size bigint, atime bigint, mtime bigint, ctime bigint, md5 text, sha1 text, sha256 text, hashed integer, time bigint, eid text'),
('process_file_events', 'operation text, pid bigint, ppid bigint, time bigint, executable text, partial text, cwd text, path text, dest_path text, uid text, gid text, auid text, euid text, egid text, fsuid text, fsgid text, suid text, sgid text, uptime bigint, eid text');
create function fx.columns(relation text) returns text language sql
return (select string_agg(format('%s %s', a.attname, format_type(a.atttypid, null)), ', ' order by a.attnum) from pg_attribute a
    where a.attrelid = ('osquery.' || relation)::regclass and a.attnum > 0);
select matches(fx.columns(s.relation), '^' || s.columns || '(,|$)', s.relation || ' has the columns of osquery') from fx.spec s;
select is_empty($$select a.attrelid::regclass, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'osquery'::regnamespace and a.attnum > 0 and col_description(a.attrelid, a.attnum) is null$$, 'which are explained');
select is_empty($$select c.relname from pg_class c where c.relnamespace = 'osquery'::regnamespace and c.relkind = 'v'
    and coalesce(obj_description(c.oid), '') !~ (' Example: .*osquery\.' || c.relname || '\M.*;$')$$, 'as are the tables, with an example');
select is_empty($$select p.oid::regprocedure from pg_proc p where p.pronamespace = 'osquery'::regnamespace
    and coalesce(obj_description(p.oid), '') !~ (' Example: .*osquery\.' || p.proname || '\(.*;$')$$, 'and the functions of SQLite');

-- What statements demand, and what is left alone because nobody can be certain.
create table fx.demand (statement text, demand text);
insert into fx.demand values
($$select * from file where path = '/a'$$, 'path = {/a}'),
($$SELECT * FROM file WHERE path = '/a';$$, 'path = {/a}'),
($$select f.path, datetime(f.mtime, 'unixepoch') from osquery.file as f where f.path in ('/a', '/it''s') and size > 3 order by mtime desc limit 3$$, $$path = {/a,/it's}$$),
($$select count(*) from file where size > 1 and (uid = 0 or gid = 0) and directory = '/a/'$$, 'directory = {/a/}'),
($$select path from file where path like '/a/%%' and path not like '%.txt'$$, 'path like {/a/%%}'),
($$explain (analyze, buffers) select * from file where path = '/a'$$, 'path = {/a}'),
($$select sha256 from file join hash using (path) where file.directory = '/a'$$, 'directory = {/a}'),
($$select sha256 from hash h left join file f on h.path = f.path where h.directory = '/a'$$, 'directory = {/a}'),
($$select * from file, hash where hash.path = '/b' and file.path = '/a'$$, 'path = {/a}'),
($$select * from file, hash where hash.path = '/b'$$, null),
($$select * from file a join file b using (path) where a.path = '/a'$$, null),
($$select * from file where path = '/a' or size > 3$$, null),
($$select * from file where not path = '/a'$$, null),
($$select * from file where size between 1 and 2 and path = '/a'$$, null),
($$select * from file where path = '/a' || '/b'$$, null),
($$select * from file where path = '/a' is false$$, null),
($$select * from file where case when true and path = '/a' and false then false else true end$$, null),
($$select * from file where (path = '/a') = false$$, null),
($$select * from file where path = $1$$, null),
($$select * from file where path = E'/\x61'$$, null),
($$select * from file where path = 'a' -- '/b'$$, null),
($$select * from file where /* ' */ path = '/a' /* ' */$$, null),
($$select * from file where path like '/a\%' and path = '/a'$$, null),
($$select * from file where "path" = '/a'$$, null),
($$select * from file where path = '/a' union select * from file$$, null),
($$select * from file where path = '/a' union all table file$$, null),
($$with file as (select 1) select * from file where path = '/a'$$, null),
($$select * from file where path in (select '/a')$$, null),
($$select * from file where path = '/a'; select * from file$$, null),
($$select * from file natural join hash where file.path = '/a'$$, null),
($$select * from file join pg_class on true where path = '/a'$$, null),
($$select * from (file) where path = '/a'$$, null),
($$select * from public.file where path = '/a'$$, null),
($$insert into t select * from file where path = '/a'$$, null),
($$update file set path = '' where path = '/a'$$, null),
($$select * from file$$, null),
(repeat(' ', 20000) || $$select * from file where path = '/a'$$, null),
(null, null);
create function fx.demanded(statement text, schemas name[] default '{pg_catalog,osquery,thule}') returns text language sql
begin atomic
    select format('%s %s %s', a.about, a.how, a.wanted) from thule_internal.asked(statement, schemas, 'file') a
    order by a.how <> '=', a.about <> 'path' limit 1;
end;
select is(fx.demanded(d.statement), d.demand, coalesce('demand of: ' || ltrim(d.statement), 'no statement')) from fx.demand d;
select is(fx.demanded($$select * from file where path = '/a'$$, '{thule}'), null::text, 'a table that is not found there is not ours');
create table public.file ();
select is(fx.demanded($$select * from file where path = '/a'$$, '{public,osquery}'), null::text, 'nor one of another schema that comes first');
select is(fx.demanded($$select * from osquery.file where path = '/a'$$, '{public,osquery}'), 'path = {/a}', 'unless the schema is named');
drop table public.file;

-- The answer is the same whether the statement was understood or not.
set local search_path = osquery, thule, public;
create function fx.paths(statement text, relation text) returns setof text language sql
begin atomic
    select format('%s %s %s %s', a.path, a.directory, a.ino, a.end_ino) from thule_internal.asked_files(statement, current_schemas(true), relation) a;
end;
select fx.mkdir('/dir_x'), fx.create('/dir_x/%'), fx.create('/a b'), fx.symlink('/dangling', 'nowhere'), fx.symlink('/out', '/etc/passwd'), fx.symlink('/dir/up', '../dir/sub'),
    fx.create('/dir/sub/été'), fx.create(E'/dir/back\\x5cslash'), fx.mkdir('/dir/sub/deep'), fx.create('/dir/sub/deep/z');
create table fx.condition (condition text, least bigint);
insert into fx.condition values ($$path = '/srv/files'$$, 1), ($$path = '/srv/files/dir'$$, 1), ($$path = '/srv/files/dir/file'$$, 1), ($$path = '/srv/files/dir/'$$, 0),
    ($$path = '/srv/files2'$$, 0), ($$path = '/dir/file'$$, 0), ($$path = ''$$, 0), ($$path = 'dir'$$, 0), ($$path = '/'$$, 0), ($$path = '/srv/files/none'$$, 0),
    ($$path = '/srv/files/link/x'$$, 0), ($$path = '/srv/files/dir/up/hard'$$, 0), ($$path = '/srv/files//dir'$$, 0), ($$path in ('/srv/files/dir', '/srv/files/dir', '/srv/files/link', '/x')$$, 2),
    ($$directory = '/srv/files'$$, 7), ($$directory = '/srv'$$, 1), ($$directory = '/'$$, 0), ($$directory = '/srv/files/dir'$$, 4), ($$directory = '/srv/files/dir/file'$$, 0),
    ($$directory in ('/srv/files/dir', '/srv/files/dir/sub')$$, 7), ($$path like '/srv/files/dir/%'$$, 8), ($$path like '/srv/files/dir%'$$, 10), ($$path like '/srv/files/dir_%'$$, 9),
    ($$path like '/%'$$, 17), ($$path like '%'$$, 17), ($$path like '/srv/%'$$, 17), ($$path like '/srv/files%'$$, 17), ($$path like '/srv/filesystem/%'$$, 0), ($$path like '/etc/%'$$, 0),
    ($$path like ''$$, 0), ($$path like '/srv/files/dir/sub/h_rd'$$, 1), ($$path like '/srv/files/dir/file'$$, 1), ($$directory like '/srv/files/dir/%'$$, 4), ($$directory like '/srv/files/dir'$$, 4), ($$directory like '%sub'$$, 3),
    ($$path like '/srv/files/dir/sub/%té'$$, 1), ($$directory = '/srv/files/dir' and path like '%/file'$$, 1);
create function fx.both(condition text, out asked text, out plain text, out n bigint, out scanned boolean) language plpgsql as $$
begin
    execute format('select string_agg(a.path || a.ino, '','' order by path), count(*) from thule_internal.asked_files(%L, current_schemas(true), ''file'') a where %s',
        'select * from file where ' || condition, condition) into asked, n;
    execute format('select string_agg(a.path || a.ino, '','' order by path) from thule_internal.asked_files(null, null, ''file'') a where %s', condition) into plain;
end $$;
select is((b.asked, b.n >= c.least and b.n < c.least + 4)::text, (b.plain, true)::text, 'understood or not: ' || c.condition)
from fx.condition c cross join lateral fx.both(c.condition) b;
select is((select count(*) from fx.condition c where fx.demanded('select * from file where ' || c.condition) is null), 0::bigint, 'all of these are understood');
select path as below from file where directory = '/srv/files/dir/sub/deep/' \gset
select is(:'below'::text, '/srv/files/dir/sub/deep/z', 'a slash at the end of a directory, as in the manual of osquery');
select count(*) as n from file where directory = '/srv/files/dir/sub/deep/' and path like '%nowhere' \gset
select is(:n::bigint, 0::bigint, 'with other conditions beside it');

-- Functions ask for themselves: the statement that calls them is not theirs.
create function fx.all_files() returns bigint language plpgsql as $$ begin return (select count(*) from osquery.file); end $$;
create function fx.all_files_sql() returns bigint language sql as 'select count(*) from osquery.file';
select fx.all_files() as one, fx.all_files_sql() as two, count(*) as n from file where path = '/srv/files/dir/file' \gset
select is(array[:one, :two, :n], array[(select count(*)::integer from thule.file), (select count(*)::integer from thule.file), 1], 'a function sees all files');
create view fx.file as select path || 'x' as path from osquery.file;
set local search_path = fx, osquery, thule, public;
select count(*) as n from file where path = '/srv/files/dir/filex' \gset
select is(:n, 1, 'and so does a view of the same name');
set local search_path = osquery, thule, public;
declare c cursor for select path from file where path like '/srv/files/dir/s%';
fetch 1 from c;
select count(*) as n from file where path = '/srv/files/dir/file' \gset
select path from file where path = '/srv/files/dir/file' \gset
fetch all from c;
close c;
prepare p as select count(*) as n from file where path like '/srv/files/dir/s%';
execute p \gset
select is(:n, 5, 'a prepared statement');

-- By index: as few rows are read where there are thousands of files more.
create function fx.rows_read() returns numeric language sql
return (select sum(t.seq_tup_read + coalesce(t.idx_tup_fetch, 0)) from pg_stat_xact_user_tables t where t.schemaname = 'thule');
create function fx.reads(condition text) returns numeric language plpgsql as $$
declare
    before numeric := fx.rows_read();
begin
    perform from thule_internal.asked_files('select * from file where ' || condition, current_schemas(true), 'file');
    return fx.rows_read() - before;
end $$;
create table fx.found (condition text, before numeric);
insert into fx.found select c from unnest(array[$$path = '/srv/files/dir/file'$$, $$path in ('/srv/files/dir/file', '/srv/files/dir')$$, $$directory = '/srv/files/dir'$$,
    $$path like '/srv/files/dir/%'$$, $$path = '/srv/files/none'$$, $$path like '/etc/%'$$, 'true']) c;
update fx.found set before = fx.reads(condition);
select fx.mkdir('/many');
select fx.create('/many/5');
select thule.resolve('/many') as many \gset
insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from, valid_from)
    select 10000 + n, case when n % 50 = 0 then 16877 else 33188 end, 1, 1000, 1001, 0, 0, 0, 0, 0, 0, 0, 120, fx.at(120) from generate_series(0, 19999) n;
insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
    select case when n % 50 = 0 then :many else 10000 + n / 50 * 50 end, convert_to('n' || n, 'UTF8'), 10000 + n, 1000 + n, 120, fx.at(120) from generate_series(0, 19999) n;
analyze thule.inode, thule.dirent;
select cmp_ok(fx.reads(f.condition), case f.condition when 'true' then '>' else '<' end, f.before + 100, 'rows read for ' || f.condition)
from fx.found f;

-- Answers. Links are followed; bytes are read of what is asked for.
select is((select format('%s %s %s %s %s %s', f.type, f.symlink, f.mode, f.size, f.inode, f.symlink_target_path) from file f where f.path = '/srv/files/link'),
    'regular 1 0644 11 102 dir/file', 'a symbolic link');
select is((select array_agg(format('%s %s', f.type, f.symlink_target_path) order by path) from file f where f.path in ('/srv/files/dangling', '/srv/files/out')),
    array['unknown nowhere', 'unknown /etc/passwd'], 'and those that lead to nothing here');
select is((select f.op from file f where f.path = '/srv/files/dir/file'), 104::bigint, 'who changed it last');
select is((select (h.md5, h.sha256)::text from hash h where h.path = '/srv/files/dir/file'), (md5('hello world'), encode(sha256('hello world'), 'hex'))::text, 'hashes');
select is((select h.sha1 from hash h where h.path = '/srv/files/dir/file'), null::text, 'none of SHA-1 without pgcrypto');
select is((select count(*) from hash h where h.path in ('/srv/files/dir', '/srv/files/dangling', '/srv/files/link')), 1::bigint, 'nor of what has no bytes');
select fx.write('/many/5', 0, 'x');
delete from thule.blob where id = (select max(id) from thule.blob);
select lives_ok($$select h.sha256 from hash h join file f using (path) where f.directory = '/srv/files/dir' and h.inode = 102$$, 'a file that cannot be read stops no other');
select throws_ok($$select sha256 from hash where path like '/srv/files/many/%' and path like '%/5'$$, null, null, 'and is an error of its own');
select lives_ok($$select count(*) from hash$$, 'nor does it stop who does not ask for hashes');
select fx.chmod('/dir/file', 2541), fx.chmod('/empty', 1517);
select set_eq('select path, permissions, username from suid_bin', $$values ('/srv/files/dir/file', 'S', 'ada'), ('/srv/files/dir/sub/hard', 'S', 'ada'), ('/srv/files/empty', 'G', 'ada')$$, 'set-id bits');
select fx.setxattr('/empty', 'user.text', '\x61626300'), fx.setxattr('/empty', 'user.open', 'abc'), fx.setxattr('/empty', 'user.none', ''), fx.setxattr('/empty', 'user.odd', '\x5c00'), fx.setxattr('/empty', 'user.bytes', '\x01ff00');
select set_eq($$select key, value, base64 from extended_attributes where path = '/srv/files/empty'$$,
    $$values ('user.text', 'abc', 0), ('user.open', 'YWJj', 1), ('user.none', '', 1), ('user.odd', E'\\', 0), ('user.bytes', 'Af8A', 1)$$, 'attributes');
select is(fx.rename('/dir/file', '/moved') > 0 and fx.unlink('/moved') > 0 and fx.truncate('/empty', 5) > 0, true, 'some events');
select set_eq($$select action, target_path, transaction_id > 0 from file_events where op > (select max(op) - 3 from op)$$,
    $$values ('MOVED_FROM', '/srv/files/dir/file', true), ('MOVED_TO', '/srv/files/moved', true), ('DELETED', '/srv/files/moved', false), ('UPDATED', '/srv/files/empty', false)$$, 'events');
select is((select (e.size, e.mode, e.actor_username, e.exe, e.pid)::text from file_events e where e.action = 'DELETED'), (11, '4755', 'ada', '/usr/bin/vi', 4242)::text,
    'who deleted it, and what it was');
-- Hashes of events: of the bytes of then, which are read for nothing else.
select is(fx.create('/hashed') > 0 and fx.write('/hashed', 0, 'one') > 0 and fx.write('/hashed', 0, 'two') > 0 and fx.chmod('/hashed', 420) > 0 and fx.create('/other') > 0
    and fx.write('/other', 0, 'other') > 0 and fx.exchange('/hashed', '/other') > 0 and fx.unlink('/other') > 0 and fx.mkdir('/hashed-dir') > 0, true, 'more events');
select set_eq($$select action, right(target_path, 6), md5, sha256, sha1, hashed from file_events where op > (select max(op) - 9 from op)$$,
    $$select action, path, md5(bytes), encode(sha256(bytes), 'hex'), null, (bytes is not null)::integer
    from (values ('CREATED', 'hashed', ''::bytea), ('UPDATED', 'hashed', 'one'), ('UPDATED', 'hashed', 'two'), ('ATTRIBUTES_MODIFIED', 'hashed', 'two'), ('CREATED', '/other', ''),
        ('UPDATED', '/other', 'other'), ('MOVED_FROM', 'hashed', 'two'), ('MOVED_TO', '/other', 'two'), ('MOVED_FROM', '/other', 'other'), ('MOVED_TO', 'hashed', 'other'),
        ('DELETED', '/other', 'two'), ('CREATED', 'ed-dir', null)) e (action, path, bytes)$$, 'hashes of events');
create function fx.blobs_read(query text) returns bigint language plpgsql as $$
declare
    before bigint := (select t.seq_tup_read + coalesce(t.idx_tup_fetch, 0) from pg_stat_xact_user_tables t where t.relid = 'thule.blob'::regclass);
begin
    execute 'create table fx.answer as ' || query;
    drop table fx.answer;
    return (select t.seq_tup_read + coalesce(t.idx_tup_fetch, 0) from pg_stat_xact_user_tables t where t.relid = 'thule.blob'::regclass) - before;
end $$;
create function fx.event_columns() returns text language sql
return (select string_agg(a.attname, ', ') from pg_attribute a where a.attrelid = 'osquery.file_events'::regclass and a.attnum > 0 and a.attname not in ('md5', 'sha1', 'sha256'));
-- A table of a few rows would be read whole.
set local enable_seqscan = off;
set local enable_hashjoin = off;
set local enable_mergejoin = off;
select is(fx.blobs_read('select ' || fx.event_columns() || ' from file_events'), 0::bigint, 'all other columns read no bytes');
select is(fx.blobs_read('select sha1 from file_events'), 0::bigint, 'nor does a hash that cannot be had');
select fx.blobs_read('select md5 from file_events where op > (select max(op) - 9 from op)') as all_of_them \gset
select ok(fx.blobs_read($$select md5 from file_events where op = (select max(op) - 6 from op)$$) between 1 and :all_of_them - 1, 'a hash reads those of its row');
select ok(fx.blobs_read($$select op, md5 from file_events where hashed = 1 order by op desc limit 2$$) between 1 and :all_of_them - 1, 'of as many rows as there are in the answer');
reset enable_seqscan;
reset enable_hashjoin;
reset enable_mergejoin;

select set_eq($$select operation, path, dest_path, uid, executable from process_file_events where op between (select max(op) - 11 from op) and (select max(op) - 9 from op)$$,
    $$values ('rename', '/srv/files/dir/file', '/srv/files/moved', '1000', '/usr/bin/vi'), ('unlink', '/srv/files/moved', '', '1000', '/usr/bin/vi'), ('truncate', '/srv/files/empty', '', '1000', '/usr/bin/vi')$$,
    'events of processes');

-- SQLite's functions.
select is(datetime(1700000000, 'unixepoch'), '2023-11-14 22:13:20', 'datetime');
select is(datetime('2023-11-14 22:13:20', '-1 day', 'start of month', '+1 month'), '2023-12-01 00:00:00', 'with modifiers');
select is(datetime('nonsense'), null::text, 'of nonsense');
select is(datetime('now', 'nonsense'), null::text, 'and with it');
select is(datetime(2440587.5::text), '1970-01-01 00:00:00', 'a Julian day');
select is(date(1700000000, 'unixepoch'), '2023-11-14', 'date');
select is(strftime('%Y-%m-%dT%H:%M:%S %s %j %%', 1700000000, 'unixepoch'), '2023-11-14T22:13:20 1700000000 318 %', 'strftime');
select ok(strftime('%s', 'now', '-1 hour') - 10 < unixepoch() and unixepoch() > strftime('%s', 'now', '-1 minute'), 'texts as numbers');
select is(ifnull(null, 'x') || iif(1 == 1, 'a', 'b') || instr('abc', 'c') || split('/a/b', '/', 1) || regex_match('a.txt', '\.(\w+)$', 1), 'xa3btxt', 'and others');
select is((select group_concat(v) || ' ' || group_concat(v, '-') from (values ('a'), (null), ('b')) t (v)), 'a,b a-b', 'group_concat');

-- As closed as schema thule.
reset search_path;
create role asks_osquery;
grant usage on schema fx to asks_osquery;
set local role asks_osquery;
select throws_ok('select * from osquery.file', '42501', null, 'nothing without a grant');
reset role;
grant usage on schema osquery to asks_osquery;
grant select on all tables in schema osquery to asks_osquery;
set local role asks_osquery;
select throws_ok('select * from osquery.file', '42501', null, 'nor with one on this schema alone');
reset role;
grant usage on schema thule to asks_osquery;
grant select on all tables in schema thule to asks_osquery;
set local role asks_osquery;
select isnt_empty('select * from osquery.file', 'with both');
select isnt_empty('select md5 from osquery.hash where md5 is not null and inode < 103', 'all of it');
reset role;

-- An upgrade drops what is ours and nothing else.
drop schema fx cascade;
\set drop_code `cat "$SQL_DIR/functions/install/drop_code.sql"`
\set make_osquery `cat "$SQL_DIR/functions/install/make_osquery.sql"`
:make_osquery
savepoint ours;
:drop_code
select is((select count(*) from pg_class where relnamespace = 'osquery'::regnamespace) + (select count(*) from pg_proc where pronamespace = 'osquery'::regnamespace)
    + (select count(*) from pg_operator where oprnamespace = 'osquery'::regnamespace), 0::bigint, 'our code is dropped');
:make_osquery
drop schema osquery;
:make_osquery
select ok(obj_description('osquery'::regnamespace) ~ '^ThuleFS', 'and the schema made again');
drop schema osquery;
create schema osquery;
:make_osquery
select ok(obj_description('osquery'::regnamespace) ~ '^ThuleFS', 'also of one that is empty');
create role owns_osquery;
alter schema osquery owner to owns_osquery;
create function osquery.left_over() returns int return 1;
:drop_code
select is(osquery.left_over(), 1, 'what another role owns is not dropped, with our sign or without');
select throws_ok(:'make_osquery', '55000', null, 'and is refused');
drop schema osquery cascade;
create schema osquery;
create function osquery.mine() returns int return 1;
select throws_ok(:'make_osquery', '55000', 'this database has a schema osquery that is not of ThuleFS, which makes one', 'somebody''s own is refused');
:drop_code
select is(osquery.mine(), 1, 'and stays as it is');

select * from finish();
rollback;
