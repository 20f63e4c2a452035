-- thule_internal.quota_set, thule_internal.quota_mark, thule.quota_usage and what fsck says of trees.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();

create function fx.project(path text) returns bigint language sql
return (select i.project from thule.inode i where i.ino = thule.resolve(path));
create function fx.quota(args jsonb) returns void language plpgsql as $$
begin
    perform thule_internal.quota_set(args);
    perform thule_internal.quota_mark();
end $$;

select is_empty('select * from thule.quota_usage', 'no quota');
select fx.quota('{"action": "set", "kind": 0, "id": 1000, "name": "ada", "bytes": 100000}');
select results_eq(
    $$select kind, id, name, bytes, bytes_limit, inodes, inodes_limit from thule.quota_usage$$,
    $$select 'user', 1000::bigint, 'ada', sum((allocated + 4095) / 4096 * 4096)::bigint, 100000::bigint, count(*), null::bigint
      from thule.inode where uid = 1000$$, 'a user');
select fx.quota('{"action": "set", "kind": 0, "id": 1000, "name": "ada", "inodes": 5}');
select results_eq('select bytes_limit, inodes_limit from thule.quota_usage', 'values (100000::bigint, 5::bigint)',
    'a limit that is not named stays');
select fx.quota('{"action": "set", "kind": 0, "id": 1000, "name": "ada", "bytes": null}');
select results_eq('select bytes_limit, inodes_limit from thule.quota_usage', 'values (null::bigint, 5::bigint)',
    'and null takes it away');
select throws_ok($$select thule_internal.quota_set('{"action": "set", "kind": 0, "id": 1000, "name": "ada", "inodes": null}')$$,
    '22023', null, 'a quota without limits');
select fx.quota('{"action": "set", "kind": 1, "id": 4711, "name": "crew", "inodes": 5}');
select results_eq($$select bytes, inodes from thule.quota_usage where kind = 'group'$$, 'values (0::bigint, 0::bigint)',
    'who has nothing');

select throws_ok($$select thule_internal.quota_set('{"action": "set", "kind": 2, "path": "/dir/file", "inodes": 5}')$$,
    'P0002', null, 'a tree is of a directory');
select throws_ok($$select thule_internal.quota_set('{"action": "set", "kind": 2, "path": "/none", "inodes": 5}')$$,
    'P0002', null, 'that is there');
select throws_ok($$select thule_internal.quota_set('{"action": "unset", "kind": 2, "path": "/dir"}')$$,
    'P0002', null, 'what has no quota has none to lose');
select fx.quota('{"action": "set", "kind": 2, "path": "/dir", "inodes": 50}');
select is(fx.project('/dir'), 1::bigint, 'the top');
select is(fx.project('/dir/file'), 1::bigint, 'what is in it');
select is(fx.project('/empty'), 0::bigint, 'what is not');
select results_eq($$select name, inodes from thule.quota_usage where kind = 'tree'$$,
    $$select '/dir', count(*) from thule.inode where project = 1$$, 'the tree');
select fx.quota('{"action": "set", "kind": 2, "path": "/", "inodes": 500}');
select is(fx.project('/dir/file'), 1::bigint, 'a tree in a tree counts for itself');
select is(fx.project('/empty'), 2::bigint, 'what is in the outer one only');
select is_empty($$select * from thule.fsck where check_id = 'quota_tree'$$, 'fsck');
update thule.inode set project = 7 where ino = thule.resolve('/empty');
select results_eq($$select ino from thule.fsck where check_id = 'quota_tree'$$, $$select thule.resolve('/empty')$$,
    'fsck finds one that counts elsewhere');
select fx.quota('{"action": "unset", "kind": 2, "path": "/dir"}');
select is(fx.project('/dir/file'), 2::bigint, 'and for the outer one when it is none any more');
select fx.quota('{"action": "unset", "kind": 2, "path": "/"}');
select fx.quota('{"action": "set", "kind": 2, "path": "/dir", "inodes": 50}');
update thule.dirent set name = 'elsewhere' where ino = thule.resolve('/dir');
select results_eq($$select name from thule.quota_usage where kind = 'tree'$$, $$values ('/elsewhere')$$, 'a tree that was moved');
delete from thule.dirent where ino = thule.resolve('/elsewhere');
select results_eq($$select name from thule.quota_usage where kind = 'tree'$$, $$values ('/dir')$$, 'one that was removed');
select fx.quota('{"action": "unset", "kind": 2, "path": "/dir"}');
select is_empty($$select from thule.quota where kind = 2$$, 'which can be unset, too');
update thule.inode set project = 0;
select is_empty('select from thule.inode where project <> 0', 'nothing counts for a tree');
-- The past of a user's files, where that has a limit.
select is((select count(history_bytes) from thule.quota_usage), 0::bigint, 'without a limit of the past it is not counted');
select throws_ok($$select thule_internal.quota_set('{"action": "set", "kind": 1, "id": 4711, "name": "crew", "history": 5}')$$,
    '22023', null, 'it is of users');
select throws_ok($$insert into thule.quota (kind, id, name, history_limit) values (1, 9, 'x', 5)$$, '23514', null, 'in the table, too');
select fx.quota('{"action": "set", "kind": 0, "id": 1000, "name": "ada", "history": 12345}');
create function fx.past() returns bigint language sql return (select history_bytes from thule.quota_usage where kind = 'user' and id = 1000);
create table fx.past_before as select fx.past() as bytes;
select fx.create('/overwritten');
select fx.write('/overwritten', 0, '0123456789');
select is(fx.past() - bytes, 0::bigint, 'what is there is not past') from fx.past_before;
select fx.write('/overwritten', 5, 'abc');
select is(fx.past() - bytes, 3::bigint, 'what was overwritten is') from fx.past_before;
select fx.truncate('/overwritten', 2);
select is(fx.past() - bytes, 11::bigint, 'and what was cut off') from fx.past_before;
select fx.setxattr('/overwritten', 'user.a', 'four');
select fx.setxattr('/overwritten', 'user.a', 'more');
select is(fx.past() - bytes, 15::bigint, 'and attributes that were set anew') from fx.past_before;
select fx.unlink('/overwritten');
select is(fx.past() - bytes, 21::bigint, 'and of what was removed, all') from fx.past_before;
select lives_ok($$select thule_internal.quota_set('{"action": "count"}')$$, 'asking for a count changes nothing');
select results_eq($$select history_limit from thule.quota_usage where kind = 'user' and id = 1000$$, 'values (12345::bigint)', 'at all');
select is((select count(*) from thule.quota_usage where kind <> 'user' and history_bytes is not null), 0::bigint, 'of users alone');

select * from finish();
rollback;
