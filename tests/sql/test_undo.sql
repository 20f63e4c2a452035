-- thule_internal.undo_plan, thule_internal.restore_plan and thule_internal.perform.
begin;
\ir undo_fixture.sql
-- What an undo must bring back; ctime is not among it.
create function pg_temp.tree() returns setof text language sql as $$
select format('%s %s %s %s %s %s %s %s', path, ino, kind, mode, uid, size, nlink,
    case when kind <> 'directory' then mtime end) from thule.file order by path $$;

select fx.tree();
select throws_ok($$select pg_temp.run('undo', '{"tag": "x"}')$$, '55000', null, 'only the holder of the lease performs');
select thule_internal.lease_take();
select throws_ok($$select thule_internal.undo_plan('{}')$$, '22023', 'nothing selects what to undo', 'no selector');
select throws_ok($$select thule_internal.undo_plan('{"path": "/dir"}')$$, '22023', 'nothing selects what to undo', 'a path alone');
select throws_ok($$select thule_internal.request_reach('undo', '{"path": "/dir"}')$$, '22023', null, 'nor is it counted');
select throws_ok($$select thule_internal.undo_plan('{"force": true}')$$, '22023', null, 'force selects nothing');
select throws_ok($$select thule_internal.undo_plan('{"tag": "none"}')$$, 'P0002', null, 'an unknown tag');
select throws_ok($$select thule_internal.undo_plan('{"tag": "none", "path": "/never"}')$$, 'P0002', null, 'an unknown path');
select throws_ok($$select pg_temp.run('dance', '{}')$$, '0A000', null, 'an unknown kind of request');
select throws_ok($$select thule_internal.perform(99)$$, 'P0002', null, 'an unknown request');

-- Names that change places: two files, then three, then a directory and what was in it.
create temp table before as select pg_temp.tree() as line;
select pg_temp.by(18, 'places');
select fx.create('/one'), fx.create('/two');
select pg_temp.by(17, null);
select fx.create('/a'), fx.create('/b'), fx.create('/c');
select fx.write('/a', 0, 'a'), fx.write('/b', 0, 'bb'), fx.write('/c', 0, 'ccc');
create temp table places as select pg_temp.tree() as line;
select pg_temp.by(18, 'swap');
select fx.rename('/a', '/t'), fx.rename('/b', '/a'), fx.rename('/c', '/b'), fx.rename('/t', '/c');
select fx.exchange('/a', '/b');
select fx.rename('/dir/sub', '/up');
select fx.rename('/dir', '/up/dir');
select results_eq('select distinct action, conflict from thule_internal.undo_plan(''{"tag": "swap"}'') where action <> ''times''',
    $$values ('rename', false)$$, 'the plan of a swap');
select is((select pg_temp.run('undo', '{"tag": "swap"}') -> 'conflicts'), '[]', 'a swap is undone without a conflict');
select set_eq('select pg_temp.tree()', 'select line from places', 'all is in its place');
select is_empty('select * from thule.fsck', 'sound after the undo of a swap');
select is((select pg_temp.run('undo', '{"tag": "swap"}') ->> 'ops')::integer, 0, 'undone twice: nothing to do');

-- Directories with something in them that change places, there and back and there again.
select pg_temp.by(18, 'rooms');
select fx.mkdir('/left'), fx.create('/left/l'), fx.mkdir('/right'), fx.create('/right/r'), fx.create('/one-file'), fx.create('/other-file');
create temp table rooms as select pg_temp.tree() as line;
select pg_temp.by(18, 'exchange');
select fx.exchange('/left', '/right'), fx.exchange('/one-file', '/other-file');
create temp table exchanged as select pg_temp.tree() as line;
select is((select pg_temp.run('undo', '{"tag": "exchange"}') -> 'conflicts'), '[]', 'an exchange of directories is undone');
select set_eq('select pg_temp.tree()', 'select line from rooms', 'they are in their places');
select is((select pg_temp.run('undo', jsonb_build_object('tag', format('undo:%s', max(id)))) from thule.request) -> 'conflicts', '[]',
    'and the undo of it');
select set_eq('select pg_temp.tree()', 'select line from exchanged', 'they have changed places again');
select is_empty('select * from thule.fsck', 'sound after the undo of the undo of an exchange');
select is((select pg_temp.run('undo', '{"tag": "exchange"}') -> 'conflicts'), '[]', 'and once more');
select set_eq('select pg_temp.tree()', 'select line from rooms', 'in their places');
-- Somebody renames one of them after the undo: the undo of the undo leaves it, under one name.
select pg_temp.by(17, null);
select fx.rename('/one-file', '/renamed');
select isnt((select pg_temp.run('undo', jsonb_build_object('tag', format('undo:%s', max(id)))) from thule.request) -> 'conflicts', '[]',
    'what was renamed since is a conflict');
select is((select nlink from thule.inode where ino = thule.resolve('/renamed')), 1, 'and has one name');
select pg_temp.run('undo', '{"tag": "rooms", "force": true}');
select is_empty('select * from thule.fsck', 'sound without the rooms');

-- Bytes: A, then B over a part of it, then A past the end.
select pg_temp.by(17, null);
select fx.create('/bytes'), fx.write('/bytes', 0, '0123456789');
select pg_temp.by(18, 'bytes');
select fx.write('/bytes', 2, 'AAAA');
select pg_temp.by(17, null);
select fx.write('/bytes', 4, 'BBBB');
select pg_temp.by(18, 'bytes');
select fx.write('/bytes', 8, 'AAAAAA');
select results_eq('select action, path, detail from thule_internal.undo_plan(''{"tag": "bytes"}'') where conflict',
    $$values ('content', '/bytes', '2 bytes at 4 were written again later')$$, 'bytes that somebody wrote again');
select pg_temp.run('undo', '{"tag": "bytes"}');
select is(thule.content('/bytes'), '0123BBBB89', 'other bytes go back, each to what it was, and so does the size');
select is((select count(*)::integer from thule.extent e join thule.blob b on b.id = e.blob
    where e.ino = thule.resolve('/bytes')), 4, 'in pieces of the extents of then');
select is_empty('select * from thule.fsck', 'sound after the undo of writes');
select pg_temp.run('undo', '{"tag": "bytes", "force": true}');
select is(thule.content('/bytes'), '0123456789', 'with force, what somebody wrote there later too');

-- A file that was deleted comes back with what it had; what was made by somebody else meanwhile stays.
select pg_temp.by(18, 'rm');
select fx.unlink('/dir/file'), fx.unlink('/dir/sub/hard'), fx.unlink('/dir/sub'), fx.unlink('/dir'), fx.unlink('/link');
select pg_temp.by(17, null);
select fx.create('/link');
select results_eq('select action, path, "by" from thule_internal.undo_plan(''{"tag": "rm"}'') where conflict',
    $$values ('name', '/link', 'vi (pid 4242, user ada)')$$, 'a name that is taken');
select is((select jsonb_array_length(pg_temp.run('undo', '{"tag": "rm"}') -> 'conflicts')), 1, 'is one conflict');
select is(thule.content('/dir/sub/hard'), 'hello world', 'a deleted tree is back');
select is((select nlink from thule.file where path = '/dir/file'), 2, 'with its hard links');
select is((select kind from thule.file where path = '/link'), 'file', 'and what is new is still there');
select is_empty('select * from thule.fsck', 'sound after the undo of deletes');
select ok((select count(*) = 4 from pg_temp.touched t where t.name is not null), 'names that caches have to drop');
select is((select max(op) + 1 from thule.op), (select next_op::bigint from thule.superblock), 'the mark of ops');
select is((select max(last_op) from thule.mount), (select max(op) from thule.op), 'the mark of the mount');

-- The directory that somebody removed is not there to go back to.
select pg_temp.by(18, 'gone');
select fx.unlink('/dir/sub/hard');
select pg_temp.by(17, null);
select fx.unlink('/dir/sub');
select is((select string_agg(detail, ',') from thule_internal.undo_plan('{"tag": "gone"}') where conflict),
    'the directory is not there any more', 'a directory that somebody removed');
select pg_temp.run('undo', '{"tag": "gone", "force": true}');
select is(thule.content('/dir/sub/hard'), 'hello world', 'with force it comes back as well');

-- A copy of then shares its bytes.
select pg_temp.by(17, null);
select fx.write('/dir/file', 6, 'WORLD');
create temp table blobs as select count(*) as n from thule.blob;
select pg_temp.run('restore', '{"path": "/dir", "at": "op:104", "to": "/copy"}');
select is(thule.content('/copy/sub/hard'), 'hello world', 'a copy of a directory as it was');
select is(thule.content('/dir/file'), 'hello WORLD', 'leaves the directory alone');
select is((select count(*) from thule.blob), (select n from blobs), 'and makes no blobs');
select is((select nlink from thule.file where path = '/copy/file'), 2, 'hard links among themselves');
select pg_temp.run('restore', '{"path": "/dir", "at": "op:104"}');
select is(thule.content('/dir/file'), 'hello world', 'restored in place');
select is_empty('select * from thule.fsck', 'sound after restores');

-- All of it, of everybody: as at the beginning.
select pg_temp.run('undo', '{"since": "op:107"}');
select set_eq('select pg_temp.tree()', 'select line from before', 'everything undone, undos included');
select is_empty('select * from thule.fsck', 'sound in the end');
select set_eq($$select path, thule.content_at_op(path, 106) from thule.file_at_op(106) where kind = 'file'$$,
    $$values ('/dir/file', 'hello world'::bytea), ('/dir/sub/hard', 'hello world'), ('/empty', '')$$,
    'the past is what it was');

select * from finish();
rollback;
