-- thule.feed.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();                                       -- ops 100 to 106
select results_eq('select op, path from thule.feed(103, 100)',
    $$values (104::bigint, '/dir/file'), (105, '/empty'), (106, '/link')$$, 'what came after an op');
select results_eq('select op from thule.feed(0, 2)', 'values (16::bigint), (100)', 'as many as asked for, oldest first');
select is_empty('select * from thule.feed(106, 100)', 'nothing after the last');
update thule.superblock set log_op = 104;
select throws_ok('select * from thule.feed(102, 100)', 'P0002', null, 'what was pruned is not skipped');
select results_eq('select op from thule.feed(103, 100)', 'values (104::bigint), (105), (106)', 'the rest is there');
select * from finish();
rollback;
