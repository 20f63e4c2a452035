-- What a server refuses to delete changes nothing; a publication of all tables makes it refuse nothing of ours.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();
select fx.rename('/dir', '/moved');
select fx.unlink('/moved/file');
select fx.unlink('/empty');

create function fx.state() returns text language sql
begin atomic
    select concat_ws(' ', s.pruned_op, s.pruned_before, s.swept_op, (select count(*) from thule.dirent_history),
        (select count(*) from thule.inode_history), (select count(*) from thule.blob))
    from thule.superblock s;
end;

select is_empty($$
    select c.oid::regclass
    from pg_class c
    where c.relnamespace = 'thule'::regnamespace and c.relkind = 'r' and c.relpersistence = 'p' and c.relname not in ('history_lock', 'lock_queue', 'write_queue')
        and c.relreplident <> 'f' and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)$$,
    'every table has a replica identity');

create publication everything for all tables;
select lives_ok($$update thule.superblock set next_op = next_op$$, 'updates go on');
savepoint before;
select lives_ok($$select thule_internal.prune_begin(106)$$, 'the past is declared gone');
select lives_ok($$select thule_internal.prune_step(1000)$$, 'and deleted');
select is((select count(*) from thule.dirent_history where op_to <= 106), 0::bigint, 'all of it');
rollback to before;

-- Somebody's own: a trigger that refuses, and one for a statement.
create function fx.refuse() returns trigger language plpgsql as $$
begin
    raise exception using errcode = 'insufficient_privilege', message = 'no row goes';
end $$;
create table fx.kept as select fx.state() as state;
create trigger refuse before delete on thule.dirent_history for each row execute function fx.refuse();
select throws_ok($$select thule_internal.prune_begin(108)$$, '42501', 'no row goes', 'a trigger refuses the first row');
select is(fx.state(), (select state from fx.kept), 'and nothing was declared');
drop trigger refuse on thule.dirent_history;
create trigger refuse before delete on thule.blob for each statement execute function fx.refuse();
select throws_ok($$select thule_internal.prune_begin(108)$$, '42501', 'no row goes', 'or a statement');
select is(fx.state(), (select state from fx.kept), 'and nothing was declared');
drop trigger refuse on thule.blob;
alter table thule.inode_history replica identity nothing;
select throws_ok($$select thule_internal.prune_begin(108)$$, '55000', null, 'a table without identity');
select is(fx.state(), (select state from fx.kept), 'and nothing was declared');
alter table thule.inode_history replica identity full;

select lives_ok($$select thule_internal.prune_begin(108)$$, 'nothing stands in the way');
select is((select pruned_op from thule.superblock), 108::bigint, 'declared');
select cmp_ok((select swept_op from thule.superblock), '<', 108::bigint, 'what was tried was taken back');
select is((select done from thule_internal.prune_step(1000)), true, 'swept');

select * from finish();
rollback;
