-- Changing files by SQL: what all operations have in common. The log, ids, time, actor, tag, savepoints, the end of the transaction.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();
set local track_functions = 'pl';       -- from the beginning: an expression that was begun without it is not counted

-- What the functions refuse, as the name of the errno.
create function fx.refusal(command text) returns text language plpgsql as $$
begin
    execute command;
    return 'done';
exception when others then
    return case when sqlstate like 'TH%' then substring(sqlerrm from '^[A-Z0-9]+') else sqlstate || ' ' || sqlerrm end;
end $$;
create function fx.done() returns bigint language sql as 'select max(op) from thule.op';

select is(fx.refusal('select thule_internal.fail(''ENOENT'', ''x'')'), 'ENOENT', 'an error begins with its errno');
select throws_ok('select thule_internal.fail(''ENOENT'', ''there is nothing'')', 'TH002', 'ENOENT: there is nothing', 'and has it in its SQLSTATE');
select throws_ok('select thule_internal.fail(''EDQUOT'', ''x'')', 'TH122', 'EDQUOT: x', 'in three digits');

select fx.done() as before \gset
select s.next_ino, s.next_op from thule.superblock s \gset
set local thule.tag = 'import';
set local application_name = 'pgtap';
select is(thule.chmod('/dir', 448), thule.resolve('/dir'), 'an operation returns the inode');
select is((select row(op.op, kind.name, op.ino, op.tag)::text from thule.op join thule.op_kind kind on kind.id = op.kind order by op.op desc limit 1),
    (select row(:next_op::bigint, 'chmod', thule.resolve('/dir'), 'import')::text), 'and stands in the log, behind all ops before it');
select is((select row(username, exe, comm, pid, host, uid)::text from thule.actor where id = (select actor from thule.op order by op desc limit 1)),
    row(current_user, 'postgres', 'pgtap', pg_backend_pid(), '', 0)::text, 'done by this session');
select is((select mode & 4095 from thule.inode where ino = thule.resolve('/dir')), 448, 'the inode has the mode');
select is((select count(*) from thule.inode_history where ino = thule.resolve('/dir') and op_to = :next_op), 1::bigint, 'its version before is past');
select is((select mode from thule.file_at_op(:before) where path = '/dir'), (select mode & 4095 from thule.inode_history
    where ino = thule.resolve('/dir') and op_to = :next_op), 'and can be asked for');
select ok((select i.valid_from = o.at and i.ctime_ns = thule.time_ns(o.at) from thule.inode i join thule.op o on o.op = i.op_from
    where i.ino = thule.resolve('/dir')), 'op, version and ctime have one time');
select is((select count(*) from thule.sql_write), 1::bigint, 'the transaction is noted once');

-- The same session later is the same actor, another role is another.
select thule.chmod('/dir', 449);
select is((select count(distinct actor) from thule.op where op >= :next_op), 1::bigint, 'a session has one row of thule.actor');
create role writes_too superuser;
set local role writes_too;
select thule.chmod('/dir', 450);
select is((select a.username from thule.actor a where a.id = (select actor from thule.op order by op desc limit 1)), 'writes_too', 'for each of its roles');
reset role;
set local thule.sql_actor = '17';
set local application_name = 'other';
select thule.chmod('/dir', 450);
select is((select a.comm from thule.actor a where a.id = (select actor from thule.op order by op desc limit 1)), 'other', 'and is never taken for another process');
set local thule.tag = '';
select thule.chmod('/dir', 450);
select is((select tag from thule.op order by op desc limit 1), null, 'no tag, no tag');
select set_config('thule.tag', repeat('x', 256), true) as too_long \gset
select is(fx.refusal('select thule.chmod(''/dir'', 1)'), 'EINVAL', 'a tag that is too long is refused');
set local thule.tag = '';

-- Savepoints take ids back.
select fx.done() as done \gset
savepoint a;
select thule.mkdir('/dir/one') as one, fx.done() as op_one \gset
rollback to a;
select is(fx.done(), :done::bigint, 'what a savepoint takes back is not in the log');
select thule.mkdir('/dir/two') as two, fx.done() as op_two \gset
select is(:op_two::bigint, :op_one::bigint, 'and its op is given again');
select isnt(thule.resolve('/dir/one'), :two::bigint, 'with its inode');
select ok(not exists (select from thule.inode where ino > :two), 'which is the last');
select ok(:two >= :next_ino, 'behind all before this transaction');

-- The end, at a commit or when somebody asks for it.
set constraints all immediate;
select is((select count(*) from thule.sql_write), 0::bigint, 'at the end nothing is noted any more');
select is((select next_op::bigint from thule.superblock), fx.done() + 1, 'the superblock says how far ops went');
select ok((select next_ino > :two from thule.superblock), 'and inodes');
select is((select row(s.mount, s.mount_op)::text from thule.superblock s), (select row(m.id, fx.done())::text from thule.mount m where m.source = 'sql'),
    'by the one mount that all of SQL is');
select thule.chmod('/dir', 451);
select is((select count(*) from thule.sql_write), 1::bigint, 'what comes after it has an end of its own, which waits');
set constraints all immediate;
-- A transaction of one op pays for each call, as the state of its expressions and statements is made anew: what is called by whom is counted.
create view fx.calls as
    select f.funcname as name, f.calls, p.proconfig is not null as has_path
    from pg_stat_xact_user_functions f join pg_proc p on p.oid = f.funcid
    where f.schemaname in ('thule', 'thule_internal') and f.funcname <> 'write_hurried';      -- asked by who has had the right for a second
create table fx.called as select c.* from fx.calls c;
create function fx.calls_since() returns text language sql as $$
    select string_agg(d.name || case when d.has_path then '*' else '' end || ' ' || d.calls, ', ' order by d.name)
    from (select c.name, c.has_path, sum(c.calls) as calls
        from (select n.* from fx.calls n union all select b.name, -b.calls, b.has_path from fx.called b) c
        group by c.name, c.has_path having sum(c.calls) > 0) d
$$;
create function fx.count_calls() returns void language sql as 'delete from fx.called; insert into fx.called select c.* from fx.calls c';
set constraints all deferred;
select fx.count_calls();
select thule.chmod('/dir', 451);
select is(fx.calls_since(), 'chmod* 1, session_grant* 1, session_writer 1, write_begin 1, write_chmod 1, write_found 1, write_free 1, write_inode 1, write_mode 1,'
    ' write_op 1, write_version 1, write_walk 1', 'a function by path asks for the right once, once as whom, and no session where nothing is mounted');
select is(thule.lease_holder(), null, 'and who has the right by that has not the lease');
select fx.count_calls();
select thule.chmod('/dir', 451);
select is(fx.calls_since(), 'chmod* 1, write_begin 1, write_chmod 1, write_found 1, write_inode 1, write_mode 1, write_op 1, write_version 1, write_walk 1',
    'and the next one not at all');
select throws_ok('select thule.write_shown()', '25001', null, 'its own changes are not shown before its commit');
set constraints all immediate;
select is((select next_op::bigint from thule.superblock), fx.done() + 1, 'which says how far that went');
savepoint shown;
select is(thule.write_shown(), fx.done(), 'what was committed is shown');
rollback to shown;
select is((select count(*) from thule.mount m where m.source = 'sql'), 1::bigint, 'and is of the same mount');

-- Time goes on with ops, and says so where the clock was set back.
update thule.op set at = clock_timestamp() + interval '500 milliseconds' where op = fx.done();
select thule.chmod('/dir', 448);
select is((select a.at - b.at from thule.op a, thule.op b where a.op = fx.done() and b.op = a.op - 1), interval '1 microsecond',
    'a clock that is behind for a moment counts on');
update thule.op set at = clock_timestamp() + interval '1 hour' where op = fx.done();
select thule.chmod('/dir', 449);
select is((select op from thule.clock_step order by op desc limit 1), fx.done(), 'one that was set back begins anew');

select is(fx.refusal('select thule.chmod(''/none'', 1)'), 'ENOENT', 'what is not there');
select is(fx.refusal('select thule.chmod('''', 1)'), 'ENOENT', 'no path');
select is(fx.refusal('select thule.chmod(null::text, 1)'), 'ENOENT', 'null');
select is(fx.refusal('select thule.chmod(''dir'', 1)'), 'EINVAL', 'a path that does not begin at the root');
select is(fx.refusal('select thule.chmod(''/dir'', -1)'), 'EINVAL', 'what is no mode');
select is(fx.refusal('select thule.chmod(''/dir'', null)'), 'EINVAL', 'null as one');
select is(fx.refusal('select thule.chmod(''/dir'', ''644'')'), 'EINVAL', 'octal that a number could mean');
select is(fx.refusal('select thule.chmod(''/dir'', ''0648'')'), 'EINVAL', 'what is not octal');
select is(fx.refusal('select thule.chmod(''/dir'', '''')'), 'EINVAL', 'nothing');
select is(fx.refusal('select thule.chmod(''/dir'', ''u+x'')'), 'EINVAL', 'symbols');
select is(fx.refusal('select thule.chmod(''/dir'', ''0200000'')'), 'EINVAL', 'octal that is no mode');
create function fx.octal(path text) returns text language sql as $$ select f.octal from thule.file(path) f $$;
select thule.chmod('/dir', '01751'), thule.chmod(thule.create('/o', '0640'), '0604'), thule.mkdir('/od', '01711'), thule.put('/op', 'x', '0600') \g /dev/null
select is(array[fx.octal('/dir'), fx.octal('/o'), fx.octal('/od'), fx.octal('/op')], '{1751,0604,1711,0600}', 'modes in octal');
select thule.chmod('/dir', '0'), thule.put('/op', 'y', null) \g /dev/null
select is(array[fx.octal('/dir'), fx.octal('/op')], '{0000,0600}', '0, and none');
select is(fx.refusal('select thule.chmod(987654321, 1)'), 'ESTALE', 'an inode that is not there');
select is((select count(*) from thule.op where op > fx.done()), 0::bigint, 'what is refused leaves no op');

-- An access list goes along with the mode: user ann rw-, mask r--.
select thule.create('/dir/listed') as listed \gset
insert into thule.xattr (ino, name, value, op_from, valid_from) select :listed, 'system.posix_acl_access', decode('02000000'
    '01000600ffffffff02000600a10f000004000400ffffffff10000400ffffffff20000400ffffffff', 'hex'), op, at from thule.op where op = fx.done();
update thule.inode set xattrs = 1 where ino = :listed;
select thule.chmod('/dir/listed', 488);             -- rwxr-x---
select is((select encode(value, 'hex') from thule.xattr where ino = :listed), '02000000'
    '01000700ffffffff02000600a10f000004000400ffffffff10000500ffffffff20000000ffffffff', 'the mask is the group''s part of the mode');
select is((thule_internal.acl_mode(value)).mode, 488, 'and tells it') from thule.xattr where ino = :listed;
select is((thule_internal.acl_mode(value)).minimal, false, 'a list with a mask says more than a mode') from thule.xattr where ino = :listed;
select is(thule_internal.acl_mode(decode('0200000001000600ffffffff04000400ffffffff20000000ffffffff', 'hex'))::text, '(416,t)', 'one without does not');

-- A list whose mask permits nothing does not count for who is not of the owning group, as the kernel has it.
update thule.inode set mode = (mode & ~511) | 258 where ino = :listed;       -- r------w-
select lives_ok(format('select thule_internal.write_permit(i, 2, array[4001, 1]::bigint[]) from thule.inode i where ino = %s', :listed), 'others may write, user ann among them');
update thule.inode set mode = (mode & ~511) | 266 where ino = :listed;       -- r----x-w-
select is(fx.refusal(format('select thule_internal.write_permit(i, 2, array[4001, 1]::bigint[]) from thule.inode i where ino = %s', :listed)), 'EACCES',
    'else the list decides');

-- A limit counts what the transaction has added.
insert into thule.quota (kind, id, ino, name, inodes_limit) values (2, 1, thule.resolve('/dir'), '/dir', 1000);
select thule_internal.quota_mark();
update thule.quota set inodes_limit = (select inodes + 1 from thule.quota_usage);
savepoint b;
select thule.create('/dir/allowed');
select lives_ok('set constraints all immediate', 'as many as the quota allows');
select thule.create('/dir/more');
select is(fx.refusal('set constraints all immediate'), 'EDQUOT', 'one more, and the transaction fails');
rollback to b;
select thule.create('/dir/allowed');
select thule.unlink('/dir/allowed');
select thule.create('/dir/allowed');
select lives_ok('set constraints all immediate', 'what goes makes room in the same transaction');
select is(fx.refusal('select thule.link(''/dir/allowed'', ''/outside'')'), 'EXDEV', 'no name outside of the tree');
select is(fx.refusal('select thule.rename(''/dir/allowed'', ''/outside'')'), 'EXDEV', 'and no way out of it');

select is_empty('select * from thule.fsck', 'all of it is sound');
select * from finish();
rollback;
