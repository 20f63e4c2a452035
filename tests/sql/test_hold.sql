-- Holds: whose past stays.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();                                       -- ops 100 to 106
select fx.write('/dir/file', 0, 'HELLO');
select fx.create('/dir/sub/gone');
select fx.write('/dir/sub/gone', 0, 'gone');
select fx.unlink('/dir/sub/gone');
select fx.write('/empty', 0, 'one');
select fx.write('/empty', 0, 'two');

select is(thule_internal.hold_add('/dir/sub', 'ada', 'a case'), 101::bigint, 'a directory');
select is(thule_internal.hold_add('/dir/sub/gone', 'ada', null), 105::bigint, 'a file that is gone');
select set_eq('select thule_internal.held_inodes()', 'values (101::bigint), (102), (105)', 'what is held: all that ever was there');
select throws_ok($$select thule_internal.hold_add('/dir/sub', 'bob', null)$$, '42710', null, 'twice');
select throws_ok($$select thule_internal.hold_add('/never', 'bob', null)$$, 'P0002', null, 'what never was');
select throws_ok($$select thule_internal.hold_release('/dir/file')$$, 'P0002', null, 'releasing what is not held by itself');

create temp table before as select h.ino, h.op_from from thule.inode_history h where h.ino in (101, 102, 105);
select thule_internal.prune_begin(112);
select thule_internal.prune_step(1000);
select set_eq($$select ino, op_from from thule.inode_history$$, 'select * from before', 'their past stays, the others'' goes');
select is(convert_from(thule.read_at_op(105, 109, 0, 10), 'UTF8'), 'gone', 'and can be read');
select is((select count(*) from thule.extent_history where ino not in (101, 102, 105)), 0::bigint, 'no other bytes');
select is(convert_from(thule.read_at_op(102, 104, 0, 20), 'UTF8'), 'hello world', 'of a file in it, too');
select is_empty('select * from thule_internal.prune_inodes(array[102, 105]::bigint[], 112) where inodes + names + extents > 0',
    'pruning by path does not touch them');
select is_empty('select * from thule.fsck', 'sound');

select fx.rename('/dir/sub', '/sub');
select lives_ok($$select thule_internal.hold_release('/sub')$$, 'released by the name it has now');
select lives_ok($$select thule_internal.hold_release('/dir/sub/gone')$$, 'released by the name it had');
select is(swept_op, 0::bigint, 'prune passes again') from thule.superblock;
select thule_internal.prune_step(1000);
select is((select count(*) from thule.extent_history), 0::bigint, 'then it goes');
select is_empty('select * from thule.fsck', 'sound');
select * from finish();
rollback;
