-- Undos after undos: what an undo took back, and the undo itself, stand on nothing, unless the undo was undone.
begin;
\ir undo_fixture.sql
select fx.tree();
select thule_internal.lease_take();
-- ctime is not among what an undo brings back.
create function pg_temp.tree() returns setof text language sql as $$
select format('%s %s %s %s %s %s %s %s %s', path, ino, kind, mode, uid, size, nlink, mtime,
    case when kind = 'file' then thule.content(path) end) from thule.file order by path $$;
create function pg_temp.undo(what text) returns jsonb language sql as $$
select pg_temp.run('undo', jsonb_build_object('tag', what)) -> 'conflicts' $$;
-- The tag of the last undo.
create function pg_temp.last() returns text language sql as $$ select format('undo:%s', max(id)) from thule.request $$;

select fx.create('/f'), fx.write('/f', 0, '0123456789'), fx.create('/dir/here');
create temp table begin_with as select pg_temp.tree() as line;
-- One after another to the same things.
select pg_temp.by(18, 'first');
select fx.chmod('/f', 384), fx.write('/f', 2, 'AAAAAAAAAAAA'), fx.rename('/f', '/dir/f'), fx.create('/dir/first'), fx.unlink('/dir/here');
create temp table after_first as select pg_temp.tree() as line;
select pg_temp.by(17, 'second');
select fx.chmod('/dir/f', 416), fx.write('/dir/f', 0, 'BBBB'), fx.rename('/dir/f', '/f2'), fx.rename('/dir/first', '/dir/1st'),
    fx.create('/dir/second'), fx.write('/dir/second', 0, 'second');
create temp table after_second as select pg_temp.tree() as line;

-- The last first, then the one before.
select is(pg_temp.undo('second'), '[]', 'the second is undone');
create temp table undo_second as select pg_temp.last() as tag;
select set_eq('select pg_temp.tree()', 'select line from after_first', 'and only that');
select is(pg_temp.undo('first'), '[]', 'then the first, on which nothing stands');
create temp table undo_first as select pg_temp.last() as tag;
select set_eq('select pg_temp.tree()', 'select line from begin_with', 'all is as it was');
select is_empty('select * from thule.fsck', 'sound');
select is(pg_temp.undo('first') || pg_temp.undo('second'), '[]', 'once more: nothing stands on anything');
select set_eq('select pg_temp.tree()', 'select line from begin_with', 'and nothing is done');

-- Undos are undone in the same way: the last first.
select is(pg_temp.undo((select tag from undo_first)), '[]', 'the undo of the first is undone');
create temp table redo_first as select pg_temp.last() as tag;
select set_eq('select pg_temp.tree()', 'select line from after_first', 'and the first is there again');
select is(pg_temp.undo((select tag from undo_second)), '[]', 'the undo of the second, too');
select set_eq('select pg_temp.tree()', 'select line from after_second', 'and all is there again');
-- What is there again stands on what came before it.
select isnt(pg_temp.undo('first'), '[]', 'the second stands on the first again');

-- The same, undone, brought back, undone.
select fx.create('/g'), fx.write('/g', 0, 'before');
create temp table before_third as select pg_temp.tree() as line;
select pg_temp.by(18, 'third');
select fx.chmod('/g', 384), fx.write('/g', 0, 'wreck'), fx.rename('/g', '/h'), fx.create('/dir/third');
create temp table after_third as select pg_temp.tree() as line;
select is(pg_temp.undo('third') || pg_temp.undo(pg_temp.last()), '[]', 'undone and brought back');
select set_eq('select pg_temp.tree()', 'select line from after_third', 'is there');
select is(pg_temp.undo('third'), '[]', 'undone again, in the same words');
select set_eq('select pg_temp.tree()', 'select line from before_third', 'is gone');

-- A name that goes and comes as a link to the same file.
create function pg_temp.dir_time() returns bigint language sql as $$ select mtime_ns from thule.inode where ino = thule.resolve('/dir') $$;
select fx.create('/dir/link');
create temp table before_links as select pg_temp.tree() as line, pg_temp.dir_time() as at;
select pg_temp.by(18, 'links');
select fx.link('/dir/link', '/other'), fx.unlink('/dir/link'), fx.rename('/other', '/dir/link');
select is(pg_temp.undo('links') || pg_temp.undo(pg_temp.last()) || pg_temp.undo('links'), '[]', 'undone, brought back, undone');
select set_eq('select pg_temp.tree(), pg_temp.dir_time()', 'select line, at from before_links', 'with the time of the directory');

-- What an undo had to leave stands.
select pg_temp.by(18, 'fourth');
select fx.chmod('/g', 384);
select pg_temp.by(18, 'fifth');
select fx.chmod('/g', 416);
select pg_temp.by(18, 'sixth');
select fx.chmod('/g', 432);
select isnt(pg_temp.undo('fifth'), '[]', 'the sixth stands on the fifth');
select is(pg_temp.undo('sixth'), '[]', 'and is undone');
select is((select mode & 511 from thule.inode where ino = thule.resolve('/g')), 416, 'to what the fifth has left');
select isnt(pg_temp.undo('fourth'), '[]', 'which still stands on the fourth');
-- Nor does one with --force go away.
select pg_temp.run('undo', '{"tag": "fourth", "force": true}');
select pg_temp.undo('fourth'), pg_temp.undo('fifth');
select is((select mode & 511 from thule.inode where ino = thule.resolve('/g')), 420, 'what was forced stays');
select is_empty('select * from thule.fsck', 'sound in the end');
select * from finish();
rollback;
