-- A life of a file that an undo or a restore began is no birth: what was before it is what there is to go back to.
begin;
\ir undo_fixture.sql
select fx.tree();
select thule_internal.lease_take();
create function pg_temp.tree() returns setof text language sql as $$
select format('%s %s %s %s %s %s %s %s %s %s', f.path, f.ino, f.kind, f.mode, f.uid, f.size, f.nlink, f.mtime,
    case when f.kind = 'file' then thule.content(f.path) end,
    (select string_agg(format('%s=%s', x.name, x.value), ' ' order by x.name) from thule.xattr x where x.ino = f.ino))
from thule.file f order by f.path $$;
create function pg_temp.undo(what jsonb) returns jsonb language sql as $$ select pg_temp.run('undo', what) -> 'conflicts' $$;
create function pg_temp.since(o bigint, until bigint default null) returns jsonb language sql as $$
select pg_temp.undo(jsonb_strip_nulls(jsonb_build_object('since', 'op:' || o, 'until', 'op:' || until))) $$;
create function pg_temp.last() returns bigint language sql as $$ select max(op) from thule.op $$;
create function pg_temp.tag() returns jsonb language sql as $$
select jsonb_build_object('tag', format('%s:%s', kind, id)) from thule.request order by id desc limit 1 $$;
-- What a does to all kinds of things, and b removes; a's first op and b's are in pg_temp.at.
create temp table at (a bigint, b bigint, c bigint);
create temp table was (stage text, line text);
create function pg_temp.look(what text) returns void language sql as $$
delete from was where stage = what; insert into was select what, pg_temp.tree() $$;
create function pg_temp.is_at(what text, why text) returns text language sql as $$
select set_eq('select pg_temp.tree()', format('select line from was where stage = %L', what), why) $$;

select fx.mkdir('/d'), fx.create('/d/f'), fx.write('/d/f', 0, 'base'), fx.setxattr('/d/f', 'user.one', 'base'),
    fx.link('/d/f', '/d/hard'), fx.symlink('/d/link', 'base'), fx.mkdir('/d/sub'), fx.setxattr('/d/sub', 'user.one', 'base');
select pg_temp.look('base');
insert into at (a) select pg_temp.last() + 1;
select fx.write('/d/f', 4, 'more'), fx.chmod('/d/f', 384), fx.setxattr('/d/f', 'user.one', 'a'), fx.setxattr('/d/f', 'user.two', 'a'),
    fx.link('/d/f', '/d/third'), fx.rename('/d/hard', '/d/harder'), fx.chmod('/d/sub', 448), fx.setxattr('/d/sub', 'user.one', null),
    fx.setxattr('/d/link', 'trusted.t', 'a'), fx.rename('/d/link', '/d/sub/link'), fx.create('/d/sub/own'),
    fx.write('/d/sub/own', 0, 'own'), fx.truncate('/d/f', 2), fx.write('/d/f', 2, 'seven');
select pg_temp.look('a');
update pg_temp.at set b = pg_temp.last() + 1;
select pg_temp.by(18, 'b');
select fx.unlink('/d/f'), fx.unlink('/d/harder'), fx.unlink('/d/third'), fx.unlink('/d/sub/own'), fx.unlink('/d/sub/link'),
    fx.unlink('/d/sub'), fx.unlink('/d');
select pg_temp.look('b');

-- It comes back, and a is undone with what brought it back.
select is(pg_temp.since(b), '[]', 'b is undone') from at;
select pg_temp.is_at('a', 'all is back');
select is(pg_temp.since(a), '[]', 'and a') from at;
select pg_temp.is_at('base', 'as before a');
select is(pg_temp.undo(pg_temp.tag()), '[]', 'the undo of it');
select pg_temp.is_at('a', 'as after a');
select is(pg_temp.since(a), '[]', 'a again, with all levels since') from at;
select pg_temp.is_at('base', 'as before a again');
select is(pg_temp.undo('{"tag": "b"}'), '[]', 'b, of which nothing is left');
select pg_temp.is_at('base', 'changes nothing');
select is_empty('select * from thule.fsck', 'sound');

-- A restore brings it back: what came before is undone alone, and with the restore.
select pg_temp.look('now');
select pg_temp.by(17, 'a');
update at set a = pg_temp.last() + 1;
select fx.write('/d/f', 2, 'SE'), fx.chmod('/d/f', 384), fx.setxattr('/d/f', 'user.one', 'a'), fx.rename('/d/hard', '/d/harder'),
    fx.chmod('/d/sub', 448), fx.setxattr('/d/link', 'trusted.t', 'a'), fx.write('/d/f', 10, 'beyond a hole');
select pg_temp.look('a');
update at set b = pg_temp.last() + 1;
select pg_temp.by(18, 'b2');
select fx.unlink('/d/f'), fx.unlink('/d/harder'), fx.unlink('/d/sub'), fx.unlink('/d/link'), fx.unlink('/d');
select pg_temp.run('restore', jsonb_build_object('path', '/d', 'at', 'op:' || b - 1)) from at;
select pg_temp.is_at('a', 'restored');
update at set c = pg_temp.last();
savepoint restored;
select is(pg_temp.since(a, b - 1), '[]', 'what came before, alone') from at;
select pg_temp.is_at('now', 'is undone');
select is(pg_temp.undo(pg_temp.tag()), '[]', 'and brought back');
select pg_temp.is_at('a', 'as restored');
rollback to restored;
select is(pg_temp.since(a), '[]', 'with the removal and the restore') from at;
select pg_temp.is_at('now', 'is undone');
rollback to restored;
-- Back to what it was at an earlier instant: that is a change like any other, unless it is what it was before.
select fx.unlink('/d/f'), fx.unlink('/d/harder');
select pg_temp.run('restore', jsonb_build_object('path', '/d', 'at', 'op:' || a - 1)) from at;
select pg_temp.look('restored');
select is(pg_temp.since(a, b - 1), '[]', 'restored to what it was before') from at;
select pg_temp.is_at('restored', 'nothing to do');
rollback to restored;
select pg_temp.by(17, 'c');
select fx.write('/d/f', 0, 'CCCC');
select pg_temp.run('restore', jsonb_build_object('path', '/d/f', 'at', 'op:' || c)) from at;
select matches(pg_temp.since(a, b - 1)::text, '2 bytes at 2 were written again later', 'what a restore has put back stands, and is told')
    from at;

-- What a rename replaced, and came back.
select pg_temp.by(17, null);
select fx.create('/f'), fx.write('/f', 0, 'base'), fx.create('/g');
select pg_temp.look('base');
select pg_temp.by(18, 'over');
select fx.rename('/g', '/f');
select is(pg_temp.undo('{"tag": "over"}'), '[]', 'a replacement is undone');
select pg_temp.by(17, 'after');
select fx.write('/f', 0, 'AAAA');
select is(pg_temp.undo('{"tag": "after"}'), '[]', 'and what was done after that');
select pg_temp.is_at('base', 'all is as it was');
select fx.write('/f', 0, 'AAAA');
select is(pg_temp.undo('{"tag": "over"}') || pg_temp.undo('{"tag": "after"}'), '[]', 'once more, in the order of then');
select is(thule.content('/f'), 'base', 'the bytes of before');

-- In parts: the later changes are undone, that is undone, once more, and then all of them.
select pg_temp.by(17, null);
select fx.create('/parts'), fx.write('/parts', 0, 'base'), fx.setxattr('/parts', 'user.one', 'base'), fx.create('/over');
select pg_temp.look('base');
select pg_temp.by(17, 'parts');
select fx.chmod('/parts', 384), fx.write('/parts', 0, 'AAAA'), fx.setxattr('/parts', 'user.one', 'a');
update at set b = pg_temp.last() + 1;
select fx.chmod('/parts', 448), fx.write('/parts', 0, 'BBBB'), fx.setxattr('/parts', 'user.one', 'b'), fx.rename('/over', '/parts');
select is(pg_temp.undo(jsonb_build_object('tag', 'parts', 'since', 'op:' || b)), '[]', 'the later part') from at;
select is(pg_temp.undo(pg_temp.tag()), '[]', 'back');
savepoint parts;
select is(pg_temp.undo('{"tag": "parts"}'), '[]', 'all of it at once');
select pg_temp.is_at('base', 'as before');
rollback to parts;
select is(pg_temp.undo(jsonb_build_object('tag', 'parts', 'since', 'op:' || b)), '[]', 'the later part once more') from at;
select is(pg_temp.undo('{"tag": "parts"}'), '[]', 'then all of it');
select pg_temp.is_at('base', 'as before');

-- A file that was made by what is undone goes, in whatever life.
select pg_temp.by(17, 'made');
select fx.create('/made'), fx.write('/made', 0, 'made');
update at set b = pg_temp.last() + 1;
select fx.unlink('/made');
select is(pg_temp.since(b), '[]', 'its removal undone') from at;
select is(thule.content('/made'), 'made', 'is back');
select is(pg_temp.undo('{"tag": "made"}'), '[]', 'its making undone');
select is(thule.resolve('/made'), null, 'is gone');
select is_empty('select * from thule.fsck', 'sound in the end');
select * from finish();
rollback;
