-- thule.space_usage: each byte is somebody's, once; and all of them are the database.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();
create view fx.bytes as select what, bytes from thule.space_usage;
create table fx.before as select * from fx.bytes;

select fx.create('/f');
select fx.write('/f', 0, convert_to(repeat('a', 100), 'UTF8'));
select thule_internal.snapshot_create('one', 'ada');
select fx.write('/f', 0, convert_to(repeat('b', 200), 'UTF8'));
select thule_internal.snapshot_create('two', 'ada');
select thule_internal.snapshot_create('too', 'ada');
select fx.write('/f', 0, convert_to(repeat('c', 300), 'UTF8'));
select fx.write('/f', 0, convert_to(repeat('d', 500), 'UTF8'));
create view fx.more as select u.what, u.bytes - b.bytes as bytes from fx.bytes u join fx.before b using (what) where u.bytes <> b.bytes;
select set_eq('select * from fx.more', $$values ('present', 500::bigint), ('snapshots', 300), ('history', 300)$$, 'who needs which bytes');

-- Of what the present shares with the past all counts for the present, and of a snapshot that shows it nothing.
select thule_internal.snapshot_create('three', 'ada');
select fx.write('/f', 0, convert_to(repeat('e', 50), 'UTF8'));
select set_eq('select * from fx.more', $$values ('present', 550::bigint), ('snapshots', 300), ('history', 300)$$, 'a part that was overwritten');
select results_eq($$select s.first_snapshot, sum(s.bytes)::bigint from thule_internal.content_size() s where s.first_snapshot = s.last_snapshot group by 1 order by 1$$,
    $$values (1, 100::bigint), (2, 200)$$, 'what each snapshot alone keeps');
select fx.unlink('/f');
select set_eq('select * from fx.more', $$values ('snapshots', 800::bigint), ('history', 350)$$, 'what was removed');
delete from thule.snapshot;
select set_eq('select * from fx.more', $$values ('history', 1150::bigint)$$, 'without snapshots');
select is((select bytes from fx.more), (select bytes from thule_internal.prune_preview(thule_internal.present(), null)), 'which prune would free');

insert into thule.blob values (999999, 'nobody''s');
select set_eq('select * from fx.more', $$values ('history', 1150::bigint), ('other', 8)$$, 'and what nobody needs');
select is((select sum(stored_bytes + table_bytes) from thule.space_usage), (select sum(pg_total_relation_size(oid)) from pg_class
    where relnamespace = 'thule'::regnamespace and relkind = 'r'), 'the sum is all');

select * from finish();
rollback;
