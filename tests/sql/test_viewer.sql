-- What users of root's mount may see: thule_internal.permits, may_reach, is_own, sees_op, viewed_path, resolve_as, check_viewer, viewed_change.
begin;
\ir fixture.sql
select no_plan();

-- Modes: the first class that fits decides.
select ok(thule_internal.permits(420, 1, 2, null, '{1,1}', 6), 'the owner');
select ok(not thule_internal.permits(388, 1, 2, null, '{7,7}', 2), 'others');
select ok(thule_internal.permits(436, 1, 2, null, '{7,7,2}', 2), 'by a supplementary group');
select ok(thule_internal.permits(436, 1, 2, null, '{7,2}', 2), 'by the first group');
select ok(not thule_internal.permits(4, 1, 2, null, '{1,1}', 4), 'the owner whom the mode shuts out');
select ok(not thule_internal.permits(4, 1, 2, null, '{7,2}', 4), 'and the group');
select ok(not thule_internal.permits(36, 1, 2, null, '{1,2}', 4), 'an owner is not asked for his groups');
select ok(thule_internal.permits(0, 1, 2, null, '{0,0}', 7), 'root');
select ok(thule_internal.permits(0, 1, 2, null, null, 7), 'whoever has the database');
select ok(thule_internal.permits(0, 1, 2, null, '{7,7}', 0), 'nothing is wanted');
-- Lists: as tests/unit/test_acl.c has them for the daemon. Entries: owner rwx, user 7 r, group 2 w, group 9 rw, mask, others x.
create function pg_temp.entry(tag integer, perm integer, id bigint) returns bytea language sql return
    set_byte(set_byte(set_byte(set_byte('\x0000000000000000'::bytea, 0, tag), 2, perm), 4, (id % 256)::integer), 5, (id / 256 % 256)::integer);
create function pg_temp.list(mask integer) returns bytea language sql return '\x02000000'::bytea || pg_temp.entry(1, 7, 0)
    || pg_temp.entry(2, 4, 700) || pg_temp.entry(4, 2, 0) || pg_temp.entry(8, 6, 900) || pg_temp.entry(16, mask, 0) || pg_temp.entry(32, 1, 0);
select ok(thule_internal.permits(0, 1, 2, pg_temp.list(7), '{1,5}', 7), 'the list''s owner');
select ok(thule_internal.permits(0, 1, 2, pg_temp.list(0), '{1,5}', 7), 'whom the mask does not bind');
select ok(thule_internal.permits(0, 1, 2, pg_temp.list(7), '{700,5}', 4), 'a named user');
select ok(not thule_internal.permits(0, 1, 2, pg_temp.list(7), '{700,900}', 2), 'who is not asked for his groups');
select ok(not thule_internal.permits(0, 1, 2, pg_temp.list(3), '{700,5}', 4), 'and is masked');
select ok(thule_internal.permits(0, 1, 2, pg_temp.list(7), '{5,2}', 2), 'the owning group');
select ok(thule_internal.permits(0, 1, 2, pg_temp.list(7), '{5,2,900}', 6), 'of two groups the one that may');
select ok(not thule_internal.permits(0, 1, 2, pg_temp.list(7), '{5,2}', 4), 'a group that may not');
select ok(not thule_internal.permits(0, 1, 2, pg_temp.list(7), '{5,2}', 1), 'and is not one of the others');
select ok(thule_internal.permits(0, 1, 2, pg_temp.list(7), '{5,5}', 1), 'others');
select ok(not thule_internal.permits(0, 1, 2, pg_temp.list(7), '{5,5}', 4), 'and no more');
select ok(not thule_internal.permits(511, 1, 2, '\x02000000', '{5,5}', 4), 'a list of nothing');

-- Everything of the tree is of uid 0 with mode 755 or 644 at first.
select fx.tree();
select set_config('test.own', (select ino::text from thule.inode where ino = thule.resolve('/dir/file')), false);
update thule.inode set mode = mode | 511 where mode & 61440 = 16384;
update thule.inode set uid = 5, gid = 5 where ino = thule.resolve('/dir/file');
select ok(thule_internal.is_own(thule.resolve('/dir/file'), '{5,5}'), 'an own file');
select ok(not thule_internal.is_own(thule.resolve('/dir/file'), '{6,5}'), 'not another''s');
select ok(not thule_internal.is_own(thule.resolve('/empty'), '{5,5}'), 'a file of root''s');
select ok(not thule_internal.is_own(999999, '{5,5}'), 'nor one that never was');
select ok(thule_internal.may_reach(thule.resolve('/dir/file'), 9223372036854775807, 4, '{5,5}'), 'it is read');
select fx.chmod('/dir', 448);
select ok(not thule_internal.may_reach(thule.resolve('/dir/file'), 9223372036854775807, 4, '{5,5}'), 'not through a closed directory');
select ok(not thule_internal.may_reach(thule.resolve('/dir/file'), (select max(op) - 1 from thule.op), 4, '{5,5}'),
    'nor as it was before that was closed');
select ok(thule_internal.may_reach(thule.resolve('/dir/file'), 9223372036854775807, 4, null), 'whoever has the database reads it');
select is(thule_internal.viewed_path('/dir/file', 9223372036854775807, '{5,5}'), null, 'the path is not told');
select is(thule_internal.viewed_path('/dir', 9223372036854775807, '{5,5}'), '/dir', 'that of the directory is');
select is(thule_internal.viewed_path('/', 9223372036854775807, '{5,5}'), '/', 'and the root');
select is(thule_internal.viewed_path('/dir/file', 9223372036854775807, null), '/dir/file', 'or to whoever has the database');
select throws_ok($$select thule_internal.resolve_as('/dir/file', 9223372036854775807, '{5,5}')$$, '42501', null, 'what is behind it');
select throws_ok($$select thule_internal.resolve_as('/dir/none', 9223372036854775807, '{5,5}')$$, '42501', null, 'and what is not, look alike');
select is(thule_internal.resolve_as('/none/none', 9223372036854775807, '{5,5}'), null, 'elsewhere nothing is nothing');
select is(thule_internal.resolve_as('/empty', 9223372036854775807, '{5,5}'), thule.resolve('/empty'), 'a path');
select throws_ok($$select thule_internal.check_viewer(thule.resolve('/empty'), 9223372036854775807, null, '{5,5}')$$, '42501', null, 'not his');
select throws_ok($$select thule_internal.check_viewer(thule.resolve('/dir/file'), 9223372036854775807, null, '{5,5}')$$, '42501', null, 'not to be read');
select fx.chmod('/dir', 493);
select ok(thule_internal.check_viewer(thule.resolve('/dir/file'), 9223372036854775807, null, '{5,5}'), 'his, and readable');
select ok(not thule_internal.may_reach(thule.resolve('/dir/file'), (select max(op) - 1 from thule.op), 4, '{5,5}'),
    'as it was while the directory was closed');

-- A list that lets in whom the mode does not, as long as the mount honours lists.
update thule.inode set mode = mode & ~63, xattrs = 1 where ino = thule.resolve('/dir/file');
insert into thule.xattr (ino, name, value, op_from, valid_from)
    select i.ino, 'system.posix_acl_access', pg_temp.list(7), i.op_from, i.valid_from from thule.inode i where i.ino = thule.resolve('/dir/file');
select ok(thule_internal.may_reach(thule.resolve('/dir/file'), 9223372036854775807, 4, '{700,700}'), 'by the list');
set local thule.acl = 'off';
select ok(not thule_internal.may_reach(thule.resolve('/dir/file'), 9223372036854775807, 4, '{700,700}'), 'where lists count for nothing');
reset thule.acl;

-- The log.
select fx.write('/dir/file', 0, 'x');
select ok(thule_internal.sees_op((select max(op) from thule.op), '{5,5}'), 'what is done to an own file');
select ok(not thule_internal.sees_op((select max(op) from thule.op), '{6,6}'), 'is not for others');
select is((select v.cmdline from thule.change c cross join lateral thule_internal.viewed_change(c, '{5,5}') v order by c.op desc limit 1), null,
    'the command line of another user''s process');
select is((select (v.uid, v.pid, v.comm, v.exe) from thule.change c cross join lateral thule_internal.viewed_change(c, '{5,5}') v order by c.op desc limit 1),
    (1000::bigint, 4242, 'vi'::text, '/usr/bin/vi'::text), 'who it was');
select is((select v.cmdline from thule.change c cross join lateral thule_internal.viewed_change(c, '{1000,5}') v order by c.op desc limit 1), 'vi a file',
    'that of an own process');
select is((select v from thule.change c cross join lateral thule_internal.viewed_change(c, null) v order by c.op desc limit 1),
    (select c from thule.change c order by c.op desc limit 1), 'for whoever has the database a row is as it is');
select fx.unlink('/dir/file');
select ok(thule_internal.is_own(current_setting('test.own')::bigint, '{5,5}'), 'it was his when it went');
select ok(thule_internal.sees_op((select max(op) from thule.op), '{5,5}'), 'he sees that it went');

select * from finish();
rollback;
