-- thule.change and thule.log.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();
update fx.setting set actor = 18, tag = 'build';

-- 107 to 116
select fx.rename('/dir', '/moved');
select fx.write('/moved/file', 0, 'HELLO');
select fx.create('/moved/new');
select fx.rename('/moved/new', '/moved/file');
select fx.exchange('/empty', '/moved/sub/hard');
select fx.chmod('/moved/sub/hard', 384);
select fx.unlink('/moved/sub/hard');
select fx.unlink('/moved/file');
select fx.unlink('/empty', keep_open => true);
select fx.op('forget', 102);
select fx.end_inode(102, 116, true), fx.cut(102, 0, null, 116);
select is_empty('select * from thule.fsck', 'the fixture makes a sound filesystem');

select columns_are('thule', 'change', array['op', 'at', 'kind', 'path', 'ino', 'uid', 'username', 'gid', 'pid',
    'exe', 'cmdline', 'host', 'tag', 'new_path', 'comm', 'cwd', 'chain', 'session', 'unit', 'run', 'deferred',
    'xattr', 'clock_set_back', 'exe_seen', 'exe_deleted', 'incomplete', 'off', 'len']);
select results_eq('select op, kind, path, new_path, ino from thule.change order by op',
    $$values (16::bigint, 'mkfs', '/', null, 1::bigint),
        (100, 'mkdir', '/dir', null, 100),
        (101, 'mkdir', '/dir/sub', null, 101),
        (102, 'create', '/dir/file', null, 102),
        (103, 'write', '/dir/file', null, 102),
        (104, 'link', '/dir/file', '/dir/sub/hard', 102),
        (105, 'create', '/empty', null, 103),
        (106, 'symlink', '/link', null, 104),
        (107, 'rename', '/dir', '/moved', 100),
        (108, 'write', '/moved/file', null, 102),
        (109, 'create', '/moved/new', null, 105),
        (110, 'rename', '/moved/new', '/moved/file', 105),
        (111, 'exchange', '/empty', '/moved/sub/hard', 103),
        (112, 'chmod', '/moved/sub/hard', null, 103),
        (113, 'unlink', '/moved/sub/hard', null, 103),
        (114, 'unlink', '/moved/file', null, 105),
        (115, 'unlink', '/empty', null, 102),
        (116, 'forget', null, null, 102)$$, 'every op, with its paths as they were then');
select results_eq($$select at, uid, username, gid, pid, exe, cmdline, host, tag from thule.change
        where op in (100, 108) order by op$$,
    $$values (fx.at(100), 1000::bigint, 'ada', 1001::bigint, 4242, '/usr/bin/vi', 'vi a file', 'north', null),
        (fx.at(108), 1002, null, 1002, 4343, '/bin/sh', 'sh -c x', 'north', 'build')$$, 'who did it');
update thule.actor set session = 7, cwd = '/home', chain = 'bash[6] <- sshd[5]', unit = 'session-1.scope', tag = 'build',
    run = 'r' where id = 18;
update thule.op set deferred = true where op = 108;
select results_eq($$select comm, cwd, chain, session, unit, run, deferred from thule.change where op in (100, 108) order by op$$,
    $$values ('vi', '', '', 0, '', null, false),
        ('sh', '/home', 'bash[6] <- sshd[5]', 7, 'session-1.scope', 'r', true)$$, 'and from where');

select results_eq($$select op from thule.log('/moved/sub')$$, $$values (101::bigint)$$, 'log of a directory');
select results_eq($$select op from thule.log('/dir/sub')$$, $$values (101::bigint)$$, 'by the name it had');
select results_eq($$select op from thule.log('/dir/file')$$,
    $$select unnest(array[102, 103, 104, 108, 110, 111, 115, 116]::bigint[])$$,
    'log of a deleted file, with what replaced it and what swapped it');
select results_eq($$select op from thule.log('/moved/file')$$, $$select unnest(array[109, 110, 114]::bigint[])$$,
    'of several deleted files of one name the last');
select results_eq($$select op from thule.log('/moved/file', 110)$$, $$select unnest(array[102, 103, 104, 108, 110]::bigint[])$$,
    'until an op, that of the one before it, with what took its name');
select results_eq($$select op from thule.log('/moved/file', 112)$$, $$select unnest(array[109, 110]::bigint[])$$, 'and no more');
select is_empty($$select op from thule.log('/moved/file', 106)$$, 'none before there was such a path');
select results_eq($$select op, path from thule.log('/link')$$, $$values (106::bigint, '/link')$$, 'log of a file that is there');
select is_empty($$select * from thule.log('/never/was')$$, 'no log of what never was');
select results_eq($$select op from thule.log('/')$$, $$values (16::bigint)$$, 'log of the root');
select set_eq($$select ino, op_from, op_to from thule_internal.named_at('/moved/sub/hard')$$,
    $$values (102::bigint, 107::bigint, 111::bigint), (103, 111, 113)$$, 'what a path named, and when');

-- Ops whose actor is missing are shown all the same.
insert into thule.op (op, at, kind, ino, actor, mount) values (500, fx.at(500), 10, 104, 999, 1);
select is((select path from thule.change where op = 500), '/link', 'an op without its actor');

-- A short answer from a long log does not work the whole log out.
insert into thule.op (op, at, kind, ino, actor, mount)
    select op, fx.at(op), 10, 100 + op % 5, 17 + op % 2, 1 from generate_series(1000, 30000) op;
analyze thule.op;
create function plan_of(query text) returns setof text language plpgsql as $$
begin
    return query execute 'explain (costs off) ' || query;
end $$;
select ok(not exists (select from plan_of('select * from thule.change order by op desc limit 20') p
    where p ~ 'Sort Key: o.op|Seq Scan on op$|Seq Scan on op o'), 'the last ops come from the end of the index');
select ok(exists (select from plan_of('select * from thule.change where ino = 105 order by op desc limit 20') p
    where p ~ 'op_ino'), 'the ops of an inode come from its index');

-- Extended attributes: which one.
select fx.setxattr('/moved', 'user.n\x0a', 'v'), fx.setxattr('/moved', 'user.n\x0a', null);
select results_eq('select kind, path, xattr from thule.change where xattr is not null order by op',
    $$values ('setxattr', '/moved', 'user.n\x5cx0a'), ('removexattr', '/moved', 'user.n\x5cx0a')$$, 'attributes');

select * from finish();
rollback;
