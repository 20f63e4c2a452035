-- thule.resolve, thule.path, thule.op_at, thule.instant: present and past.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();

select is(thule.resolve('/'), 1::bigint, 'the root');
select is(thule.resolve('/dir/sub/hard'), 102::bigint, 'a path');
select is(thule.resolve('//dir/sub/'), 101::bigint, 'slashes too many');
select is(thule.resolve('/nothing'), null, 'no such name');
select is(thule.resolve('/empty/x'), null, 'a name below a file');
select is(thule.resolve('/link/x'), null, 'a name below a link to a file');
select is(thule.resolve('/link'), 104::bigint, 'a link as the last name is not followed');
select is(thule.resolve('/dir/../empty'), 103::bigint, '.. is the directory above');
select is(thule.resolve('/dir/./sub/../../..'), 1::bigint, 'above the root there is the root');
select is(thule.resolve('/empty/..'), null, 'a file has nothing above');
select is(thule.resolve('/empty/'), null, 'nor is it a directory');
select throws_ok($$select thule.resolve('dir')$$, '22023', null, 'a relative path');

select is(thule.path(1), '/', 'path of the root');
select is(thule.path(101), '/dir/sub', 'path of a directory');
select is(thule.path(102), '/dir/file', 'of two hard links the older');
select is(thule.path(999), null, 'path of no inode');

-- 107 to 111
select fx.rename('/dir', '/moved');
select fx.unlink('/moved/file');
select fx.unlink('/empty');
select fx.create('/empty');
select fx.create('/' || thule.escape_name('\xff0a5c'));

select is(thule.resolve('/dir/file'), null, 'the old path is gone');
select is(thule.resolve('/dir/file', fx.at(106)), 102::bigint, 'but was there');
select is(thule.resolve('/dir/file', fx.at(107)), null, 'until the op that moved it');
select is(thule.resolve('/moved/file', fx.at(107)), 102::bigint, 'when the new path began');
select is(thule.resolve('/moved/file', fx.at(106) + interval '0.5 s'), null, 'not before');
select is(thule.resolve('/empty', fx.at(108)), 103::bigint, 'a name used twice: the first');
select is(thule.resolve('/empty', fx.at(109)), null, 'a name used twice: between');
select is(thule.resolve('/empty'), 105::bigint, 'a name used twice: now');
select is(thule.resolve('/dir', '2000-01-01'), null, 'before the beginning');
select throws_ok($$select thule.resolve('/', 'infinity')$$, 'P0002', null, 'the end of time has not come');
select throws_ok($$select * from thule.file_at(now() + interval '1 day')$$, 'P0002', null, 'nor has tomorrow');
select is(thule.resolve_at_op('/dir', 99), null, 'by op, before');
select is(thule.resolve_at_op('/dir', 100), 100::bigint, 'by op, at it');

select is(thule.path(102), '/moved/sub/hard', 'the name that is left, below the new directory');
select is(thule.path(102, fx.at(106)), '/dir/file', 'the path it had');
select is(thule.path(103), null, 'a deleted file has no path');
select is(thule.path(103, fx.at(108)), '/empty', 'but had one');
select is(thule.path(103, fx.at(104)), null, 'not before it was made');
select is(thule.path(106), '/\xff\x0a\x5c', 'a path is escaped');
select is(thule.resolve(thule.path(106)), 106::bigint, 'and resolves again');

select is(thule.op_at(fx.at(103)), 103::bigint, 'op_at: at it');
select is(thule.op_at(fx.at(103) + interval '0.9 s'), 103::bigint, 'op_at: after it');
select is(thule.op_at(fx.at(16) - interval '1 day'), 0::bigint, 'op_at: before all');
select is(thule.op_at('infinity'), 111::bigint, 'op_at: after all');
select is(thule.op_at(fx.at(50)), 16::bigint, 'op_at: in a gap of numbers');
insert into thule.op (op, at, kind, ino, actor, mount)
    select op, fx.at(op), 10, 102, 17, 1 from generate_series(1000, 90000, 37) op;
select is((select count(*) from thule.op o where thule.op_at(o.at) <> o.op and o.op > 16), 0::bigint,
    'op_at: of every op');
select is((select count(*) from generate_series(200, 90100, 701) n
    where thule.op_at(fx.at(n)) <> (select max(op) from thule.op where at <= fx.at(n))), 0::bigint,
    'op_at: agrees with a scan');

select is(thule.instant('op:103'), fx.at(103), 'instant: an op');
select is(thule.instant('op:150'), fx.at(111), 'instant: an op in a gap is the one before');
select throws_ok($$select thule.instant('op:90001')$$, 'P0002', null, 'instant: an op that has not happened');
select throws_ok($$select thule.instant('op:99999999999999999999')$$, 'P0002', null, 'instant: an op past any');
select throws_ok($$select thule.instant('op:3')$$, 'P0002', null, 'instant: an op before the first');
select is(thule.instant('10min'), now() - interval '10 min', 'instant: an age');
select is(thule.instant('2 days'), now() - interval '2 days', 'instant: an age with a blank');
select is(thule.instant('1h 30min'), now() - interval '90 min', 'instant: an age of two numbers');
select is(thule.instant('1.5 hours ago'), now() - interval '90 min', 'instant: an age with ago');
select is(thule.instant('2024-05-01 12:00+00'), '2024-05-01 12:00+00'::timestamptz, 'instant: a time');
select is(thule.instant('5 Jan 2024 UTC'), '2024-01-05 00:00+00'::timestamptz, 'instant: a date that begins like an age');
select is(thule.instant('now'), now(), 'instant: now');
select throws_ok($$select thule.instant('rubbish')$$, '22007', null, 'instant: rubbish');
select throws_ok($$select thule.instant('10')$$, '22007', null, 'instant: a number without unit');
select throws_ok($$select thule.instant('')$$, '22007', null, 'instant: nothing');
select throws_ok($$select thule.instant('op:x')$$, '22007', null, 'instant: not a number');
select throws_ok($$select thule.instant('2024-13-45')$$, '22007', null, 'instant: no such day');

-- A circle ends the walk instead of hanging it.
insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
    values (900, 'a', 901, 3, 50, now()), (901, 'b', 900, 3, 50, now());
select is(thule.path(900), null, 'directories that contain each other have no path');

select * from finish();
rollback;
