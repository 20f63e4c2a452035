-- Writing for people: thule.put, thule.remove, and thule.file as something to insert into, update and delete from.
begin;
\ir fixture.sql
\ir viewer_fixture.sql
select no_plan();
select fx.tree();
create function fx.refused(command text, state text, words text default '') returns setof text language plpgsql as $$
begin
    execute command;
    return next fail(command);
exception when others then
    return next ok(sqlstate = state and sqlerrm ~ '^E[A-Z0-9]+: ..' and sqlerrm ~ words, format('%s: %s', command, sqlerrm));
end $$;
create function fx.ops(since bigint) returns text language sql
return (select string_agg(k.name, ' ' order by o.op) from thule.op o join thule.op_kind k on k.id = o.kind where o.op > since);
create function fx.last() returns bigint language sql return (select max(o.op) from thule.op o);

-- put
select fx.last() as o \gset
select thule.put('/new', 'one') as put \gset
select is(thule.resolve('/new'), :put::bigint, 'put makes a file');
select is((select (f.mode, f.uid, f.size, convert_from(thule.content('/new'), 'UTF8'))::text from thule.file('/new') f), '(420,0,3,one)', 'with mode and bytes');
select is(fx.ops(:o), 'create write', 'by two ops');
select thule.resolve('/new') as new, fx.last() as o \gset
select is(thule.put('/new', 'second'), :new::bigint, 'put again keeps the inode');
select is(convert_from(thule.content('/new'), 'UTF8'), 'second', 'and has other bytes');
select is(fx.ops(:o), 'truncate write', 'by two ops, as a shell''s > does');
select is(thule.put('/link', 'through'), 102::bigint, 'a symbolic link is followed');
select thule.put('/new', '', 384);
select is((select (mode, size)::text from thule.file('/new')), '(384,0)', 'no bytes, and a mode');
select thule.put('/new', 'x');
select is((select mode from thule.file('/new')), 384, 'which stays where none is given');
select thule.put('/secret', 'x', 256);
select is((select mode from thule.file('/secret')), 256, 'a file that is not to be written gets its bytes');
select fx.refused(c, s) from (values ($$select thule.put('/new', null)$$, 'TH022'), ($$select thule.put(null, 'x')$$, 'TH002'), ($$select thule.put('', 'x')$$, 'TH002'),
    ($$select thule.put('new', 'x')$$, 'TH022'), ($$select thule.put('/dir', 'x')$$, 'TH021'), ($$select thule.put('/dir/', 'x')$$, 'TH021'), ($$select thule.put('/x/', 'x')$$, 'TH021'),
    ($$select thule.put('/', 'x')$$, 'TH021'), ($$select thule.put('/none/x', 'x')$$, 'TH002'), ($$select thule.put('/new/x', 'x')$$, 'TH020'), ($$select thule.put('/a\x00b', 'x')$$, 'TH022'),
    ($$select thule.put('/a\b', 'x')$$, 'TH022'), ($$select thule.put('/new', 'x', -1)$$, 'TH022'), ($$select thule.put('/new', 'x', 99999)$$, 'TH022'),
    ($$select thule.put('/' || repeat('n', 256), 'x')$$, 'TH036')) t (c, s);
select is(convert_from(thule.content('/new'), 'UTF8'), 'x', 'and what was refused has changed nothing');

-- insert
insert into thule.file (path, content, mode, uid, gid, mtime) values ('/made', 'bytes', 416, 7, 8, '2020-01-01');
select is((select (kind, mode, uid, gid, size, mtime at time zone 'UTC')::text from thule.file('/made')), '(file,416,7,8,5,"2020-01-01 00:00:00")', 'insert makes a file as it is told');
insert into thule.file (path, kind) values ('/made-dir', 'directory'), ('/made-dir/sub', 'directory'), ('/made-dir/pipe', 'fifo');
insert into thule.file (path, target) values ('/made-dir/link', '../made');
insert into thule.file (path, kind, rdev) values ('/made-dir/null', 'char', '1:3');
insert into thule.file (path, size) values ('/made-dir/hole', 4096);
select results_eq($$select path, kind, size, target, rdev from thule.files_in('/made-dir') order by 1$$, $$values ('/made-dir/hole', 'file', 4096::bigint, null::text, null::text),
    ('/made-dir/link', 'symlink', 7, '../made', null), ('/made-dir/null', 'char', 0, null, '1:3'), ('/made-dir/pipe', 'fifo', 0, null, null), ('/made-dir/sub', 'directory', 4096, null, null)$$, 'of each kind');
insert into thule.file (path, content) select format('/made-dir/%s.txt', n), convert_to(n::text, 'UTF8') from generate_series(1, 20) n;
select is((select count(*) from thule.files_in('/made-dir') where path ~ 'txt$'), 20::bigint, 'many at once');
create temp table returned (ino bigint, kind text, mode integer, size bigint);
with made as (insert into thule.file (path, content) values ('/returned', 'four') returning ino, kind, mode, size) insert into returned select * from made;
select is((select row(r.*)::text from returned r), format('(%s,file,420,4)', thule.resolve('/returned')), 'returning');
create temp table returned_all (path text, mode integer, octal text, username text, groupname text, parent bigint);
with made as (insert into thule.file (path, mode) values ('/returned2', 384) returning path, mode, octal, username, groupname, parent) insert into returned_all select path, mode, octal from made;
with set as (update thule.file set mode = 292 where path = '/returned2' returning path, mode, octal) insert into returned_all select * from set;
with set as (update thule.file set path = '/made-dir/returned', uid = 7 where path = '/returned2' returning path, mode, octal, username, groupname, parent) insert into returned_all select * from set;
select results_eq('select * from returned_all', $$values ('/returned2', 384, '0600', null, null, null), ('/returned2', 292, '0444', null, null, null),
    ('/made-dir/returned', 292, '0444', thule.username(7), thule.groupname(0), thule.resolve('/made-dir'))$$, 'what follows from it, too');
select fx.refused(c, s) from (values ($$insert into thule.file (path) values ('/made')$$, 'TH017'), ($$insert into thule.file (path, kind) values ('/x', 'door')$$, 'TH022'),
    ($$insert into thule.file (path, ino) values ('/x', 7)$$, 'TH022'), ($$insert into thule.file (path, kind, content) values ('/x', 'directory', 'x')$$, 'TH022'),
    ($$insert into thule.file (path, kind) values ('/x', 'symlink')$$, 'TH022'), ($$insert into thule.file (path, kind) values ('/x', 'char')$$, 'TH022'),
    ($$insert into thule.file (path, kind, rdev) values ('/x', 'char', 'null')$$, 'TH022'), ($$insert into thule.file (content) values ('x')$$, 'TH002'),
    ($$insert into thule.file (path, mode) values ('/x', -1)$$, 'TH022'), ($$insert into thule.file (path, uid) values ('/x', -1)$$, 'TH022'), ($$insert into thule.file (path) values ('x')$$, 'TH022')) t (c, s);
select is(thule.resolve('/x'), null, 'of what was refused nothing is there');

-- update
update thule.file set mode = mode & ~292 where path like '/made-dir/%';
select is_empty($$select path from thule.files_in('/made-dir') where mode & 292 <> 0 and kind <> 'symlink'$$, 'modes of many, but of links');
select fx.last() as o \gset
update thule.file set mode = mode where path like '/made-dir/%';
select is(fx.last(), :o::bigint, 'what is set to what it is is no op');
update thule.file set uid = 5, mode = 2541 where path = '/made';
select is((select (mode, uid, gid)::text from thule.file('/made')), '(2541,5,8)', 'an owner, and set-id bits that outlast it');
update thule.file set content = 'other bytes', mtime = '2021-01-01' where path = '/made';
select is((select (size, convert_from(thule.content('/made'), 'UTF8'), mtime at time zone 'UTC')::text from thule.file('/made')), '(11,"other bytes","2021-01-01 00:00:00")', 'content and time');
update thule.file set size = 5, atime = '2022-01-01' where path = '/made';
select is((select (size, atime at time zone 'UTC', mtime > now() - interval '1 hour')::text from thule.file('/made')), '(5,"2022-01-01 00:00:00",t)', 'size and the other time');
select thule.resolve('/made') as made \gset
update thule.file set path = '/made-dir/moved' where path = '/made';
select is((thule.resolve('/made-dir/moved'), thule.resolve('/made')), (:made::bigint, null::bigint), 'a path is a rename');
update thule.file set path = replace(path, '.txt', '.text') where path like '/made-dir/%.txt';
select is((select count(*) from thule.files_in('/made-dir') where path ~ '\.text$'), 20::bigint, 'of many');
select fx.refused(c, s) from (values ($$update thule.file set path = '/new' where path = '/made-dir/moved'$$, 'TH017'), ($$update thule.file set ino = 7 where path = '/new'$$, 'TH022'),
    ($$update thule.file set mode = null where path = '/new'$$, 'TH022'), ($$update thule.file set octal = '0644' where path = '/new'$$, 'TH022'), ($$update thule.file set mode = -1 where path = '/new'$$, 'TH022'),
    ($$update thule.file set size = -1 where path = '/new'$$, 'TH022'), ($$update thule.file set size = 1 where path = '/dir'$$, 'TH021'), ($$update thule.file set content = 'x' where path = '/dir'$$, 'TH021'),
    ($$update thule.file set path = '/dir/sub/x' where path = '/dir'$$, 'TH022'), ($$update thule.file set path = '/root' where path = '/'$$, 'TH016'), ($$update thule.file set path = '/none/x' where path = '/new'$$, 'TH002')) t (c, s);
-- Modes of many are set together, and are the same ops and versions as one by one.
insert into thule.file (path, mode) select '/many/' || n, 438 from (select thule.mkdir('/many')) m, generate_series(1, 1500) n;
select thule.link('/many/1', '/many/another');
select thule.setxattr('/many/2', 'system.posix_acl_access', decode('0200000001000600ffffffff020004000700000004000600ffffffff10000600ffffffff20000600ffffffff', 'hex'));
select fx.last() as o \gset
update thule.file set mode = mode & ~18 where path like '/many/%';
select is((select count(*) from thule.files_in('/many') where mode = 420), 1501::bigint, 'all modes');
-- As the output of another node it is in parentheses.
create function fx.filters(query text) returns setof text language plpgsql as $$
declare
    line text;
begin
    for line in execute 'explain (verbose, costs off) ' || query loop
        if line ~ '(Filter|Cond): ' then
            return next line;
        end if;
    end loop;
end $$;
select set_eq($$select l ~ '= thule_internal.plain_inode' from fx.filters('select * from thule.files_in(''/many'') where mode = 420') l$$, array[false],
    'the inode of the directory is not asked for by each name');
select is((select (count(*), count(distinct o.ino), count(distinct o.actor), min(o.op), max(o.op))::text from thule.op o where o.op > :o),
    format('(1500,1500,1,%s,%s)', :o + 1, :o + 1500), 'an op each, of one actor');
select is_empty(format($$select i.ino from thule.op o join thule.inode i on i.ino = o.ino
    where o.op > %s and (i.op_from, i.valid_from, i.ctime_ns) is distinct from (o.op, o.at, thule.time_ns(o.at))$$, :o), 'each version has the number and the time of its op');
select is((select count(*) from thule.inode_history h where h.op_to > :o and h.mode & 4095 = 438), 1500::bigint, 'and ended the one before');
select is((select thule_internal.acl_text(x.value) from thule.xattr x where x.ino = thule.resolve('/many/2')), 'user::rw-,user:7:r--,group::rw-,mask::r--,other::r--', 'an access list goes along');
select is(nullif(current_setting('thule.modes', true), ''), null, 'nothing waits behind the end of a statement');
select thule.setflags('/many/3', 'immutable');
select fx.refused($$update thule.file set mode = 0 where path like '/many/%'$$, 'TH001');
select is((select count(*) from thule.files_in('/many') where mode = 0), 0::bigint, 'one that may not be changed takes all back');
select thule.setflags('/many/3', 'none');
select is(thule.remove('/many', true), 1502::bigint, 'and away');

savepoint everything;
update thule.file set uid = 1;
select is((select count(*) from thule.inode where uid <> 1), 0::bigint, 'all files at once');
rollback to everything;
select isnt((select count(*) from thule.inode where uid <> 1), 0::bigint, 'and back with a savepoint');

-- Bytes are not read for what does not ask for them, and a plan of content is none.
select is((select count(*) from thule.file where content is not null), 0::bigint, 'content is for writing');

-- delete
delete from thule.file where path ~ '\.text$' and size < 2;
select is((select count(*) from thule.files_in('/made-dir') where path ~ '\.text$'), 11::bigint, 'delete what a condition says');
savepoint tree;
delete from thule.file where path like '/made-dir%';
select is(thule.resolve('/made-dir'), null, 'a whole tree, whatever comes first');
rollback to tree;
select fx.refused(c, s) from (values ($$delete from thule.file where path = '/made-dir'$$, 'TH039'), ($$delete from thule.file where path = '/'$$, 'TH016'), ($$delete from thule.file$$, 'TH016')) t (c, s);
select isnt(thule.resolve('/made-dir'), null, 'what was refused is there');
delete from thule.file where path = '/none';
delete from thule.file where path = '/made-dir/sub';
select is(nullif(current_setting('thule.emptied', true), ''), null, 'nothing waits behind the end of a statement');

-- remove
select is(thule.remove('/new'), 1::bigint, 'remove a file');
select is(thule.remove('/link'), 1::bigint, 'a link, not what it leads to');
select is(thule.resolve('/dir/file'), 102::bigint, 'which stays');
select count(*) as names from thule.file where path like '/made-dir%' \gset
select is(thule.remove('/made-dir', recursive => true), :names::bigint, 'a tree, and how many names that was');
select fx.refused(c, s) from (values ($$select thule.remove('/none')$$, 'TH002'), ($$select thule.remove('/dir')$$, 'TH039'), ($$select thule.remove('/')$$, 'TH016'), ($$select thule.remove('/', true)$$, 'TH016'),
    ($$select thule.remove('/dir/.', true)$$, 'TH022'), ($$select thule.remove('/dir/file/')$$, 'TH020'), ($$select thule.remove(null)$$, 'TH002'), ($$select thule.remove('')$$, 'TH002'),
    ($$select thule.remove('dir')$$, 'TH022'), ($$select thule.remove('/dir', null)$$, 'TH039')) t (c, s);
select fx.as('1002 1002');
select fx.refused(c, s) from (values ($$select thule.remove('/dir', true)$$, 'TH013'), ($$select thule.put('/dir/file', 'x')$$, 'TH013'), ($$select thule.put('/dir/x', 'x')$$, 'TH013'),
    ($$update thule.file set mode = 0 where path = '/dir/file'$$, 'TH001'), ($$delete from thule.file where path = '/dir/file'$$, 'TH013')) t (c, s);
select fx.as(null);
select is(thule.remove('/dir', true), 4::bigint, 'another tree');

-- Numbers that somebody puts into the settings of the triggers lead nowhere.
select thule.mkdir('/shut', 448);
select thule.mkdir('/shut/inner', 511);
select thule.put('/shut/inner/mine', 'x'), thule.mkdir('/shut/inner/empty', 511);
select thule.chown('/shut/inner/mine', 1000, 1001), thule.chown('/shut/inner/empty', 1000, 1001);
select thule.resolve('/shut/inner/mine') as mine, thule.resolve('/shut/inner/empty') as empty \gset
select fx.as('1000 1001');
select set_config('thule.modes', :'mine' || ':0', true), set_config('thule.emptied', :'empty', true);
update thule.file set mode = 0 where false;
delete from thule.file where false;
select fx.as(null);
select is((select mode from thule.file('/shut/inner/mine')), 420, 'and change nothing');
select isnt(thule.resolve('/shut/inner/empty'), null, 'and remove nothing');
select set_config('thule.modes', '', true), set_config('thule.emptied', '', true);
select thule.remove('/shut', true);

-- Limits are looked at when the transaction ends.
set constraints all immediate;
select thule.mkdir('/home');
select thule.chown('/home', 1000, 1001);
insert into thule.quota (kind, id, name, bytes_limit) values (0, 1000, 'ada', 16384);
create function fx.ended(command text) returns void language plpgsql as $$
begin
    execute 'select ' || command;
    set constraints all immediate;
end $$;
set constraints all deferred;
select fx.as('1000 1001');
select fx.refused($$select fx.ended('thule.put(''/home/a'', repeat(''x'', 20000)::bytea)')$$, 'TH122', 'ada');
select is(thule.resolve('/home/a'), null, 'nothing is there of what is above a limit');
select lives_ok($$select fx.ended('thule.put(''/home/a'', repeat(''x'', 8000)::bytea)')$$, 'what fits passes');
select fx.as(null);
select lives_ok($$select fx.ended('thule.append(''/home/a'', repeat(''x'', 20000)::bytea)')$$, 'and root may go past it');

set constraints all immediate;
select is_empty('select * from thule.fsck', 'sound');
select * from finish();
rollback;
