-- Pruning the past of a path.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();                                       -- 100 to 106
select fx.write('/dir/file', 0, 'HELLO');
select fx.write('/empty', 0, 'no more');
select fx.write('/empty', 0, 'at all!');
select fx.create('/dir/a');
select fx.write('/dir/a', 0, 'a');
select fx.rename('/dir/a', '/a');                       -- lives elsewhere now
select fx.write('/a', 0, 'b');
select fx.create('/dir/sub/b');
select fx.write('/dir/sub/b', 0, 'b');
select fx.unlink('/dir/sub/b');
select set_eq($$select * from thule.inodes_under('/dir')$$, 'values (100::bigint), (101), (102), (106)',
    'what belongs to a directory');
select set_eq($$select * from thule.inodes_under('/dir/sub/b')$$, 'values (106::bigint)', 'to a file that is gone');
select set_eq($$select * from thule.inodes_under('/a')$$, 'values (105::bigint)', 'to a file that was moved');
select is_empty($$select * from thule.inodes_under('/never')$$, 'to nothing');
create temp table preview as
    select * from thule_internal.prune_preview(116, array(select thule.inodes_under('/dir')));
select results_eq('select * from preview',
    $$select * from thule_internal.prune_inodes(array(select thule.inodes_under('/dir')), 116)$$, 'the preview is what happened');
select is(p.blobs, 1::bigint, 'the removed file''s bytes are freed') from preview p;
select is((select count(*) from thule.extent_history where ino not in (100, 101, 102, 106)), 2::bigint, 'the others'' past stays');
select is((select count(*) from thule.inode_history where ino in (100, 101, 102, 106)), 0::bigint, 'its own is gone');
select is(convert_from(thule.content('/dir/file'), 'UTF8'), 'HELLO world', 'the present is as it was');
select is(pruned_op, 0::bigint, 'nothing is declared') from thule.superblock;
select set_eq('select ino, op from thule.pruned_inode', 'values (100::bigint, 116::bigint), (101, 116), (102, 116), (106, 116)',
    'but remembered');
select throws_ok($$select thule_internal.undo_prepare('{"until": "now", "path": "/dir/file"}')$$, 'P0002', 'some of it cannot be undone: what was there before op 107 was pruned or erased', 'what was pruned is not undone');
select throws_ok($$select thule_internal.restore_prepare('{"path": "/dir", "at": "op:107"}')$$, 'P0002', null, 'nor restored');
select throws_ok($$select thule.content_at_op('/dir/file', 106)$$, 'P0002', null, 'nor read');
select throws_ok($$select thule_internal.check_kept('/dir/file', 106)$$, 'P0002', 'the past of /dir was pruned: it is kept from '
    || (select at::timestamptz(0) from thule.op where op = 116) || ' (op:116) on', 'and who reads it is told');
select throws_ok($$select thule_internal.check_kept('/dir/sub/b', 115)$$, 'P0002', null, 'also of what was in a directory');
select is(thule_internal.check_kept('/empty', 103), null, 'there was nothing, or it was elsewhere');
select is(convert_from(thule.content_at_op('/dir/file', 116), 'UTF8'), 'HELLO world', 'what came later is there');
select lives_ok($$select thule_internal.undo_prepare('{"path": "/a", "since": "op:113"}')$$, 'the rest can be undone');
select thule_internal.prune_inodes('{105}', 116);
select throws_ok($$select thule.content_at_op('/a', 112)$$, 'P0002', 'the past of /a was pruned: it is kept from '
    || (select at::timestamptz(0) from thule.op where op = 116) || ' (op:116) on', 'of a file alone');
select throws_ok($$select thule_internal.check_kept('/dir/a', 111)$$, 'P0002', null, 'also where it was before');
select is_empty('select * from thule.fsck', 'sound');
select * from finish();
rollback;
