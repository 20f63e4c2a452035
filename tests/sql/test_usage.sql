-- thule.usage: who wrote what, and what is left of it.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();                                       -- ops 100 to 106 by ada with vi; 11 bytes
update fx.setting set actor = 18, tag = 'build';        -- uid 1002 with sh from here on
-- 107 to 115
select fx.mkdir('/out');
select fx.create('/out/a');
select fx.write('/out/a', 0, repeat('x', 1000)::bytea);
select fx.write('/out/a', 0, repeat('y', 400)::bytea);
select fx.create('/out/b');
select fx.write('/out/b', 0, 'bbb');
select fx.unlink('/out/b');
select fx.create('/out/c');
select fx.rename('/out/c', '/empty');

select results_eq($$select * from thule.usage('user', fx.at(100), fx.at(200))$$,
    $$values ('1002', 9::bigint, 1403::bigint, 1000::bigint, 403::bigint, 4::bigint, 2::bigint, 3::bigint),
        ('ada', 7, 11, 11, 0, 5, 0, 4)$$, 'by user');
select results_eq($$select name, bytes_written from thule.usage('exe', fx.at(100))$$,
    $$values ('/bin/sh', 1403::bigint), ('/usr/bin/vi', 11)$$, 'by program');
select results_eq($$select name, ops from thule.usage('tag', fx.at(100))$$,
    $$values ('build', 9::bigint), (null, 7)$$, 'by tag');
select results_eq($$select name, bytes_written, bytes_held, inodes_created, inodes_removed from thule.usage('directory', fx.at(100))$$,
    $$values ('/out', 1403::bigint, 1000::bigint, 2::bigint, 1::bigint), ('/dir', 11, 11, 2, 0), ('/', 0, 0, 5, 1)$$,
    'by directory, which is where a file is now');
select results_eq($$select name, ops, bytes_written, bytes_held, bytes_past, inodes_created from thule.usage('user', fx.at(109), fx.at(110))$$,
    $$values ('1002', 2::bigint, 1400::bigint, 1000::bigint, 400::bigint, 0::bigint)$$, 'in a span, both ends included');
select is_empty($$select * from thule.usage('user', fx.at(200))$$, 'in a span without changes');
select throws_ok($$select thule.usage('colour')$$, '22023', null, 'by something else');
select throws_ok($$select thule.usage(null)$$, '22023', null, 'by nothing');
select is(sum(ops), count_ops, 'every op is counted once') from thule.usage('directory'),
    (select count(*)::numeric as count_ops from thule.op) o group by count_ops;
-- Instants as people type them: an age, op:N, a snapshot; the fixture's ops are of 2024.
select results_eq($$select * from thule.usage('user', 'op:100', '10min')$$, $$select * from thule.usage('user', fx.at(100))$$, 'since an op, until an age');
select thule_internal.snapshot_create('then', 'ada', 'op:109');
select results_eq($$select name, ops from thule.usage('user', 'then', 'op:110')$$, $$values ('1002', 2::bigint)$$, 'since a snapshot');
select is_empty($$select * from thule.usage('exe', '10min')$$, 'an age');
select results_eq($$select * from thule.usage('user', null)$$, $$select * from thule.usage('user')$$, 'from the beginning');
select throws_ok($$select thule.usage('user', '10')$$, '22007', null, 'an age without a unit');
-- Values of extended attributes.
select fx.setxattr('/out/a', 'user.a', '12345'), fx.setxattr('/out/a', 'user.a', '123'), fx.setxattr('/out/a', 'user.b', '1'),
    fx.setxattr('/out/a', 'user.b', null);
select results_eq($$select name, ops, bytes_written, bytes_held, bytes_past from thule.usage('user', fx.at(116))$$,
    $$values ('1002', 4::bigint, 9::bigint, 3::bigint, 6::bigint)$$, 'extended attributes');
select * from finish();
rollback;
