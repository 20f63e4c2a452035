-- Undo, restore and diff of extended attributes, access lists and flags.
begin;
\ir undo_fixture.sql
-- Attributes of a file, its flags and mode: 'a=1 b=2 0644'.
create function pg_temp.is(path text) returns text language sql as $$
select concat_ws(' ', (select string_agg(convert_from(x.name, 'UTF8') || '=' || convert_from(x.value, 'UTF8'), ' ' order by x.name)
        from thule.xattr x where x.ino = i.ino), nullif(i.flags, 0), i.mode & 511)
from thule.inode i where i.ino = thule.resolve(path) $$;
create function pg_temp.set_flags(path text, bits integer) returns void language plpgsql as $$
declare
    i bigint := thule.resolve(path);
    o bigint := fx.op('setflags', i);
begin
    perform fx.end_inode(i, o);
    update thule.inode set flags = bits where ino = i;
end $$;
create function pg_temp.last_op() returns bigint language sql as $$ select max(op) from thule.op $$;
create function pg_temp.diff(from_op bigint, to_op bigint) returns text[] language sql as $$
select array_agg(concat_ws(' ', d.path, array_to_string(d.what, ',')) order by d.path)
from thule_internal.diff_ops(from_op, to_op, null) d $$;

select fx.tree();
select thule_internal.lease_take();

-- A sets, replaces and removes; B sets another, and one that A did.
select pg_temp.by(17, null);
select fx.setxattr('/dir/file', 'user.one', '1'), fx.setxattr('/dir/file', 'user.two', '2'),
    fx.setxattr('/dir/file', 'user.three', '3');
create temp table start as select pg_temp.last_op() as op;
select pg_temp.by(18, 'a');
select fx.setxattr('/dir/file', 'user.one', 'A'), fx.setxattr('/dir/file', 'user.two', null),
    fx.setxattr('/dir/file', 'user.new', 'A'), fx.setxattr('/dir/file', 'user.new', 'AA');
select pg_temp.by(17, null);
select fx.setxattr('/dir/file', 'user.three', 'B'), fx.setxattr('/dir/file', 'user.four', 'B');
select results_eq('select action, path, detail, conflict from thule_internal.undo_plan(''{"tag": "a"}'')',
    $$values ('xattr', '/dir/file', 'user.new goes', false), ('xattr', '/dir/file', 'user.one', false),
        ('xattr', '/dir/file', 'user.two', false)$$, 'the plan');
create temp table undone as select pg_temp.run('undo', '{"tag": "a"}') as result;
select is(pg_temp.is('/dir/file'), 'user.four=B user.one=1 user.three=B user.two=2 420', 'what A did is undone, and nothing else');
select is((select (result ->> 'attributes')::integer from undone), 1, 'attributes of one file, says the result');
select is((select array_agg(kind || ' ' || xattr order by op) from thule.change where tag = (select result ->> 'tag' from undone)),
    array['removexattr user.new', 'setxattr user.one', 'setxattr user.two'], 'as ops');
select is_empty('select * from thule.fsck', 'sound after the undo');
select pg_temp.run('undo', jsonb_build_object('tag', result ->> 'tag')) from undone;
select is(pg_temp.is('/dir/file'), 'user.four=B user.new=AA user.one=A user.three=B 420', 'undone again');
select is_empty('select * from thule.fsck', 'sound after the undo of the undo');
select is(pg_temp.diff((select op from start), pg_temp.last_op()), array['/dir/file xattr', '/dir/sub/hard xattr'],
    'diff says xattr');

-- Somebody's later change stands on it; with force it goes.
select pg_temp.by(18, 'b');
select fx.setxattr('/empty', 'user.x', 'A'), fx.setxattr('/empty', 'user.same', 'S');
select pg_temp.by(17, null);
select fx.setxattr('/empty', 'user.x', 'B'), fx.setxattr('/empty', 'user.same', 'S');
select results_eq('select action, path, detail, conflict, "by" from thule_internal.undo_plan(''{"tag": "b"}'')',
    $$values ('xattr', '/empty', 'user.same was changed later', true, 'vi (pid 4242, user ada)'),
        ('xattr', '/empty', 'user.x was changed later', true, 'vi (pid 4242, user ada)')$$, 'the conflicts');
select is((select jsonb_array_length(pg_temp.run('undo', '{"tag": "b"}') -> 'conflicts')), 2, 'are reported');
select is(pg_temp.is('/empty'), 'user.same=S user.x=B 420', 'and left alone');
select pg_temp.run('undo', '{"tag": "b", "force": true}');
select is(pg_temp.is('/empty'), '420', 'with force they go');
select is_empty('select * from thule.fsck', 'sound after force');

-- A file that A made stays because of somebody's attribute.
select pg_temp.by(18, 'made');
select fx.create('/made'), fx.setxattr('/made', 'user.a', 'A');
select pg_temp.by(17, null);
select fx.setxattr('/made', 'user.b', 'B');
select is((select jsonb_array_length(pg_temp.run('undo', '{"tag": "made"}') -> 'conflicts')), 1, 'a file that somebody changed');
select is(pg_temp.is('/made'), 'user.a=A user.b=B 420', 'stays as it is');

-- What was removed comes back with what it had, less what A did to it before; and goes again with all of it.
select fx.create('/gone'), fx.setxattr('/gone', 'user.mine', '1'), fx.setxattr('/gone', 'user.other', '2');
create temp table alive as select pg_temp.last_op() as op;
select pg_temp.by(18, 'rm');
select fx.setxattr('/gone', 'user.mine', 'A'), fx.setxattr('/gone', 'user.new', 'A'), fx.unlink('/gone');
create temp table back as select pg_temp.run('undo', '{"tag": "rm"}') as result;
select is(pg_temp.is('/gone'), 'user.mine=1 user.other=2 420', 'a file that came back');
select is_empty('select * from thule.fsck', 'sound with a file that came back');
select is(pg_temp.diff((select op from alive), pg_temp.last_op()), null, 'it is what it was');
select is(pg_temp.diff((select op + 2 from alive), pg_temp.last_op()), array['/gone xattr'], 'and not what A had made of it');
select pg_temp.run('undo', jsonb_build_object('tag', result ->> 'tag')) from back;
select is(thule.resolve('/gone'), null, 'gone again');
select is_empty('select * from thule.xattr x where not exists (select from thule.inode i where i.ino = x.ino)', 'nothing is left');
select is_empty('select * from thule.fsck', 'sound without it');

-- That it went and came back is no change of what it has.
select pg_temp.by(17, null);
select fx.create('/twice'), fx.setxattr('/twice', 'user.a', '1');
select pg_temp.by(18, 'x');
select fx.setxattr('/twice', 'user.a', 'A');
select pg_temp.by(18, 'y');
select fx.unlink('/twice');
select pg_temp.run('undo', '{"tag": "y"}');
select is(pg_temp.is('/twice'), 'user.a=A 420', 'back as it went');
select is((select pg_temp.run('undo', '{"tag": "x"}') -> 'conflicts'), '[]', 'no conflict with its return');
select is(pg_temp.is('/twice'), 'user.a=1 420', 'and what A did before can be undone');

-- Mode and access list belong together. The values of lists are of no concern here.
select pg_temp.by(17, null);
select fx.create('/acl'), fx.setxattr('/acl', 'system.posix_acl_access', 'list', 432);
select pg_temp.by(18, 'chmod');
select fx.setxattr('/acl', 'system.posix_acl_access', 'masked', 384, 'chmod');
select is(pg_temp.is('/acl'), 'system.posix_acl_access=masked 384', 'chmod rewrites the list');
select is(pg_temp.diff(pg_temp.last_op() - 1, pg_temp.last_op()), array['/acl mode,xattr'], 'which diff says');
create temp table unchmod as select pg_temp.run('undo', '{"tag": "chmod"}') as result;
select is(pg_temp.is('/acl'), 'system.posix_acl_access=list 432', 'undo of chmod brings both back');
select is_empty('select * from thule.fsck', 'sound after the undo of chmod');
select pg_temp.run('undo', jsonb_build_object('tag', result ->> 'tag')) from unchmod;
select is(pg_temp.is('/acl'), 'system.posix_acl_access=masked 384', 'and again');
-- Somebody's list after A's chmod, with the same bits: it stands on it.
select pg_temp.by(18, 'both');
select fx.chmod('/acl', 416), fx.setxattr('/acl', 'system.posix_acl_access', 'A', 416);
select pg_temp.by(17, null);
select fx.setxattr('/acl', 'system.posix_acl_access', 'B', 416);
select results_eq('select action, detail from thule_internal.undo_plan(''{"tag": "both"}'') where conflict',
    $$values ('mode', 'mode was changed later')$$, 'somebody else has set the list');
select pg_temp.run('undo', '{"tag": "both"}');
select is(pg_temp.is('/acl'), 'system.posix_acl_access=B 416', 'both stay');
select pg_temp.run('undo', '{"tag": "both", "force": true}');
select is(pg_temp.is('/acl'), 'system.posix_acl_access=masked 384', 'or both go');
-- A first list, which only changes the mode's meaning.
select fx.create('/plain');
select pg_temp.by(18, 'first');
select fx.setxattr('/plain', 'system.posix_acl_access', 'new', 420);
select pg_temp.run('undo', '{"tag": "first"}');
select is(pg_temp.is('/plain'), '420', 'a list where none was');
select is_empty('select * from thule.fsck', 'sound after the undo of lists');

-- Flags.
select pg_temp.by(17, null);
select fx.create('/flags'), pg_temp.set_flags('/flags', 64);
select pg_temp.by(18, 'flags');
select pg_temp.set_flags('/flags', 96);
select is(pg_temp.diff(pg_temp.last_op() - 1, pg_temp.last_op()), array['/flags flags'], 'diff says flags');
select results_eq('select action, path, detail from thule_internal.undo_plan(''{"tag": "flags"}'')',
    $$values ('flags', '/flags', 'nodump')$$, 'the plan of flags');
create temp table unflag as select pg_temp.run('undo', '{"tag": "flags"}') as result;
select is(pg_temp.is('/flags'), '64 420', 'flags go back');
select is((select array_agg(kind) from thule.change where tag = (select result ->> 'tag' from unflag)), array['setflags'], 'as an op');
select pg_temp.run('undo', jsonb_build_object('tag', result ->> 'tag')) from unflag;
select is(pg_temp.is('/flags'), '96 420', 'and again');
select pg_temp.by(17, null);
select pg_temp.set_flags('/flags', 32);
select results_eq('select action, detail from thule_internal.undo_plan(''{"tag": "flags"}'') where conflict',
    $$values ('flags', 'flags was changed later')$$, 'somebody else has set them');
select is_empty('select * from thule.fsck', 'sound after the undo of flags');

-- Restore, in place and to a new place, of what is there, changed or gone.
select fx.mkdir('/tree'), fx.create('/tree/changed'), fx.create('/tree/gone'), fx.create('/tree/same'), fx.create('/tree/moved');
select fx.setxattr('/tree', 'user.d', 'D'), fx.setxattr('/tree/changed', 'user.a', '1'), fx.setxattr('/tree/changed', 'user.b', '2'),
    fx.setxattr('/tree/changed', 'system.posix_acl_access', 'list', 432), fx.setxattr('/tree/gone', 'user.a', '1'),
    fx.setxattr('/tree/gone', 'user.b', '2'), fx.setxattr('/tree/same', 'user.s', 'S'), fx.setxattr('/tree/moved', 'user.m', 'M'),
    pg_temp.set_flags('/tree/changed', 64);
create temp table then_ as select pg_temp.last_op() as op;
select fx.setxattr('/tree', 'user.d', null), fx.setxattr('/tree/changed', 'user.a', 'x'), fx.setxattr('/tree/changed', 'user.c', 'x'),
    fx.setxattr('/tree/changed', 'user.b', null), fx.setxattr('/tree/changed', 'system.posix_acl_access', 'x', 384, 'chmod'),
    pg_temp.set_flags('/tree/changed', 0);
select fx.setxattr('/tree/gone', 'user.b', 'x'), fx.setxattr('/tree/gone', 'user.c', 'x'), fx.unlink('/tree/gone');
select fx.setxattr('/tree/moved', 'user.m', 'x'), fx.rename('/tree/moved', '/elsewhere');
select pg_temp.run('restore', jsonb_build_object('path', '/tree', 'at', 'op:' || op, 'to', '/copy')) from then_;
create temp table wanted (name text, line text);
insert into wanted values ('', 'user.d=D 493'), ('/changed', 'system.posix_acl_access=list user.a=1 user.b=2 64 432'),
    ('/gone', 'user.a=1 user.b=2 420'), ('/same', 'user.s=S 420'), ('/moved', 'user.m=M 420');
select results_eq($$select name, pg_temp.is('/copy' || name) from wanted$$, 'select * from wanted', 'a copy has what was there then');
select is(pg_temp.is('/tree/changed'), 'system.posix_acl_access=x user.a=x user.c=x 384', 'and changes nothing else');
select is_empty('select * from thule.fsck', 'sound with a copy');
select pg_temp.run('restore', jsonb_build_object('path', '/tree', 'at', 'op:' || op)) from then_;
select results_eq($$select name, pg_temp.is('/tree' || name) from wanted$$, 'select * from wanted', 'restored in place');
select is(pg_temp.is('/elsewhere'), 'user.m=x 420', 'what was moved away stays as it is');
select is_empty('select * from thule.fsck', 'sound after a restore in place');

-- All of it, of everybody.
select pg_temp.run('undo', jsonb_build_object('since', 'op:107'));
select is_empty('select * from thule.xattr', 'everything undone');
select is_empty('select * from thule.fsck', 'sound in the end');

select * from finish();
rollback;
