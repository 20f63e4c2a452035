-- thule.file, thule.file_at and thule.file_at_op.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();

select results_eq($$select path, ino, kind, mode, uid, gid, size, nlink from thule.file order by path collate "C"$$,
    $$values ('/', 1::bigint, 'directory', 493, 0::bigint, 0::bigint, 4096::bigint, 3),
        ('/dir', 100, 'directory', 493, 1000, 1001, 4096, 3),
        ('/dir/file', 102, 'file', 420, 1000, 1001, 11, 2),
        ('/dir/sub', 101, 'directory', 493, 1000, 1001, 4096, 2),
        ('/dir/sub/hard', 102, 'file', 420, 1000, 1001, 11, 2),
        ('/empty', 103, 'file', 420, 1000, 1001, 0, 1),
        ('/link', 104, 'symlink', 511, 1000, 1001, 8, 1)$$, 'the tree, a row for each name');
select results_eq($$select atime, mtime from thule.file where path = '/empty'$$,
    $$values (fx.at(105), fx.at(105) + interval '1 microsecond')$$, 'times, exact to the microsecond');
select columns_are('thule', 'file', array['path', 'ino', 'kind', 'mode', 'uid', 'gid', 'size', 'nlink', 'atime',
    'mtime', 'ctime', 'btime', 'octal', 'username', 'groupname', 'rdev', 'allocated', 'target', 'parent', 'content']);
select is((select count(*) from thule.file f where thule.resolve(f.path) is distinct from f.ino), 0::bigint,
    'every path resolves to its inode');
select is(thule.ns_time(-1), '1969-12-31 23:59:59.999999+00'::timestamptz, 'times before the epoch round down');
select is(thule.ns_time(9223372036854775807), '2262-04-11 23:47:16.854775+00'::timestamptz, 'the last time there is');
select is(thule.ns_time(-9223372036854775807), '1677-09-21 00:12:43.145224+00'::timestamptz, 'and the first');

-- Names of owners: of the last process with that uid, else of the host that was seen last, else of a quota.
savepoint names;
\set account_write `cat "$SQL_DIR/statements/account_write.sql"`
prepare accounts as :account_write;
execute accounts('south', E'root:x:0:0:root:/root:/bin/sh\nada2:x:1000:1000::/:\nbob:x:1005:1\n+nis\nodd name:x:7:7\ntoor:x:0:0', E'root:x:0:\nstaff:x:1001:ada,bob\n');
select set_eq('select username, groupname from thule.file', $$values ('root', 'root'), ('ada', 'staff')$$, 'names of owners');
select is((thule.username(1005), thule.username(7), thule.groupname(5)), ('bob'::text, null::text, null::text), 'of users that never did anything');
update thule.account set seen = now() - interval '1 day';
execute accounts('north', 'robert:x:1005:1', '');
select is(thule.username(1005), 'robert', 'of the host that mounted it last');
insert into thule.quota (kind, id, name) values (0, 77, 'quoted'), (0, 78, '78'), (1, 79, 'grouped');
select is((thule.username(77), thule.username(78), thule.groupname(79)), ('quoted'::text, null::text, 'grouped'::text), 'of quotas');
deallocate accounts;
rollback to names;

-- Every state on the way equals what thule.file showed then. Ops 107 to 117.
create temp table seen as select 106::bigint as op, f.* from thule.file f;
do $$
declare
    step text;
    o    bigint;
begin
    foreach step in array array[
        $s$fx.rename('/dir', '/moved')$s$, $s$fx.chmod('/moved/file', 2541)$s$, $s$fx.unlink('/moved/file')$s$,
        $s$fx.unlink('/empty')$s$, $s$fx.mkdir('/empty')$s$, $s$fx.create('/empty/' || thule.escape_name('\xfe0a'))$s$,
        $s$fx.exchange('/link', '/moved/sub/hard')$s$, $s$fx.rename('/link', '/moved/sub/hard')$s$,
        $s$fx.truncate('/moved/sub/hard', 3)$s$, $s$fx.unlink('/moved/sub/hard', keep_open => true)$s$,
        $s$fx.unlink('/moved/sub')$s$]
    loop
        execute 'select ' || step into o;
        insert into seen select o, f.* from thule.file f;
    end loop;
end $$;
select results_eq('select path from thule.file order by path collate "C"',
    $$values ('/'), ('/empty'), ('/empty/\xfe\x0a'), ('/moved')$$, 'what is left; not the file without a name');
select results_eq($$select ino::bigint, nlink from thule.inode where nlink = 0$$, 'values (102::bigint, 0)',
    'which is still an inode');
select is((select mode from thule.file_at_op(108) where path = '/moved/file'), 2541, 'all permission bits show');
select is_empty(format($$
        select path, ino, kind, mode, uid, gid, size, nlink, atime, mtime, ctime, btime from thule.file_at_op(%1$s)
        except all
        select path, ino, kind, mode, uid, gid, size, nlink, atime, mtime, ctime, btime from seen where op = %1$s$$, o),
    format('nothing more at op %s than there was', o)) from generate_series(106, 117) o;
select is_empty(format($$
        select path, ino, kind, mode, uid, gid, size, nlink, atime, mtime, ctime, btime from seen where op = %1$s
        except all
        select path, ino, kind, mode, uid, gid, size, nlink, atime, mtime, ctime, btime
        from thule.file_at(fx.at(%1$s) + interval '0.5 s')$$, o),
    format('nothing less at the time of op %s', o)) from generate_series(106, 117) o;
select set_eq('select * from thule.file_at_op(9223372036854775807)', 'select * from thule.file',
    'past the last op it is the present');
select is_empty($$select * from thule.file_at('2000-01-01')$$, 'nothing before the beginning');
select results_eq($$select path from thule.file_at_op(99)$$, $$values ('/')$$, 'the empty filesystem');

select is(thule.mode_kind(m), k) from (values (33188, 'file'), (16877, 'directory'), (41471, 'symlink'),
    (4516, 'fifo'), (49572, 'socket'), (8612, 'char'), (24996, 'block'), (420, null)) t (m, k);
select is_empty($$select * from thule.fsck where severity = 'error'$$, 'the fixture makes a sound filesystem');
select * from finish();
rollback;
