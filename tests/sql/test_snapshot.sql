-- Snapshots: named instants.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();                                       -- ops 100 to 106

select results_eq($$select name, op, at, created_by from thule_internal.snapshot_create('first', 'ada')$$,
    $$values ('first', 106::bigint, fx.at(106), 'ada')$$, 'names the last op');
select fx.unlink('/dir/file');
select is(thule.instant('first'), fx.at(106), 'is an instant by its name');
select is(thule.op_at(thule.instant('first')), 106::bigint, 'which leads to its op');
select isnt(thule.resolve('/dir/file', thule.instant('first')), null, 'what was there then');

select results_eq($$select op from thule_internal.snapshot_create('old', 'ada', 'op:103')$$, 'values (103::bigint)', 'of the past');
select results_eq($$select op from thule_internal.snapshot_create('again', 'ada', 'old')$$, 'values (103::bigint)',
    'of what another names');
select throws_ok($$select thule_internal.snapshot_create('first', 'bob')$$, '42710', null, 'a name that is taken');
select throws_ok($$select thule_internal.snapshot_create('early', 'bob', '1999-01-01')$$, 'P0002', null, 'before the beginning');
select throws_ok(format('select thule_internal.snapshot_create(%L, %L)', name, 'bob'), '22023', null, 'the name ' || name)
from unnest(array['', 'now', 'yesterday', 'today', 'infinity', '10min', 'op:104', '.', '..', 'a/b', 'a b', E'a\nb', '-x',
    repeat('x', 256)]) as name;
select results_eq('select count(*) from thule.snapshot', 'values (3::bigint)', 'makes nothing of those');
select lives_ok(format('select thule_internal.snapshot_create(%L, %L)', name, 'bob'), 'the name ' || name)
from unnest(array['before-upgrade', 'v1.2', 'nächtlich', '_', 'a@b+c']) as name;

update thule.superblock set swept_op = 200;
select lives_ok($$select thule_internal.snapshot_delete('first')$$, 'deleted');
select is(swept_op, 106::bigint, 'prune passes there again') from thule.superblock;
select throws_ok($$select thule_internal.snapshot_delete('first')$$, 'P0002', null, 'deleted twice');
select throws_ok($$select thule.instant('first')$$, '22007', null, 'its name says nothing then');

select * from finish();
rollback;
