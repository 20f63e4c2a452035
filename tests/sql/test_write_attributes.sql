-- Attributes of files by SQL: thule.chown, utimens, setxattr, removexattr, setflags.
begin;
\ir fixture.sql
\ir viewer_fixture.sql
select no_plan();
select fx.tree();
select fx.make('mknod', '/pipe', 4516);
create function fx.attr(path text) returns thule.inode language sql return (select i from thule.inode i where i.ino = thule.resolve(attr.path));
create function fx.last_op() returns record language sql
return (select (k.name, o.ino::bigint, o.name, o.len::bigint) from thule.op o join thule.op_kind k on k.id = o.kind order by o.op desc limit 1);
create function fx.refused(call text, state text) returns setof text language plpgsql as $$
begin
    execute 'select ' || call;
    return next fail(call);
exception when others then
    return next ok(sqlstate = state and sqlerrm ~ '^E[A-Z0-9]+: ..', format('%s: %s', call, sqlerrm));
end $$;

-- chown
select is(thule.chown('/empty', 7, 8), 103::bigint, 'chown says which inode');
select is((select (uid::bigint, gid::bigint) from fx.attr('/empty')), (7::bigint, 8::bigint), 'both');
select thule.chown('/empty', gid => 9);
select is((select (uid::bigint, gid::bigint) from fx.attr('/empty')), (7::bigint, 9::bigint), 'one alone');
select is(fx.last_op()::text, '(chown,103,,)', 'the op');
select thule.chown('/link', 5, 5, follow => false);
select is((select (uid::bigint, (fx.attr('/dir/file')).uid::bigint) from fx.attr('/link')), (5::bigint, 1000::bigint), 'a link itself');
select thule.chmod('/empty', 3565);            -- 6755
select thule.chown('/empty');
select is((fx.attr('/empty')).mode & 4095, 493, 'set-id bits go');
select thule.chmod('/empty', 1517);            -- 2755
select thule.chmod('/empty', 1508);            -- 2744
select thule.chown('/empty', 7, 9);
select is((fx.attr('/empty')).mode & 4095, 1508, 'but not one that locks');
select thule.chmod('/dir', 1517);
select thule.chown('/dir', 1000, 1001);
select is((fx.attr('/dir')).mode & 4095, 1517, 'nor that of a directory');
select thule.chmod('/dir', 493);

-- utimens
select is(thule.utimens('/empty', mtime => '2020-01-01 00:00:00.123456+00'), 103::bigint, 'utimens says which inode');
select is((select (mtime_ns, atime_ns) from fx.attr('/empty')), (1577836800123456000, thule.time_ns(fx.at(105))), 'one time, the other stays');
select cmp_ok((fx.attr('/empty')).ctime_ns, '>', 1577836800123456000, 'which changes its ctime');
select thule.utimens('/empty');
select ok((select mtime_ns = atime_ns and mtime_ns = ctime_ns from fx.attr('/empty')), 'none is now');
select is(fx.last_op()::text, '(utimens,103,,)', 'the op');

-- Extended attributes
select is(thule.setxattr('/empty', 'user.a', 'one'), 103::bigint, 'setxattr says which inode');
select is((select x.value from thule.xattr x where x.ino = 103 and x.name = 'user.a'), 'one'::bytea, 'the value');
select is((fx.attr('/empty')).xattrs, 1, 'counted');
select is(fx.last_op()::text, '(setxattr,103,"\\x757365722e61",3)', 'the op');
select thule.setxattr('/empty', 'user.a', 'two', 2);
select thule.setxattr('/empty', 'user.\xff', '', 1);
select results_eq('select name, value from thule.xattr where ino = 103 order by 1', $$values ('user.a'::bytea, 'two'::bytea), ('\x757365722eff', '')$$, 'replaced, and a name that is no text');
select thule.removexattr('/empty', 'user.a');
select is((fx.attr('/empty')).xattrs, 1, 'one is left');
select is((select x.value from thule_internal.xattrs_at_op(103, (select max(op) - 1 from thule.op)) x where x.name = 'user.a'), 'two'::bytea, 'and the past has it');
select fx.refused($$thule.setxattr('/empty', 'user.\xff', 'x', 1)$$, 'TH017');
select fx.refused($$thule.setxattr('/empty', 'user.a', 'x', 2)$$, 'TH061');
select fx.refused($$thule.removexattr('/empty', 'user.a')$$, 'TH061');
select fx.refused($$thule.setxattr('/empty', 'user.a', null)$$, 'TH022');
select fx.refused($$thule.setxattr('/empty', 'user.a', 'x', 4)$$, 'TH022');
select fx.refused($$thule.setxattr('/empty', 'user.a', 'x', null)$$, 'TH022');
select fx.refused($$thule.setxattr('/empty', 'user.a', repeat('x', 65537)::bytea)$$, 'TH007');
select fx.refused($$thule.setxattr('/empty', 'user.' || repeat('n', 251), 'x')$$, 'TH034');
select fx.refused($$thule.setxattr('/empty', '', 'x')$$, 'TH034');
select fx.refused($$thule.setxattr('/empty', null, 'x')$$, 'TH034');
select fx.refused($$thule.setxattr('/empty', 'user.', 'x')$$, 'TH022');
select fx.refused($$thule.setxattr('/empty', 'user.\x00', 'x')$$, 'TH022');
select fx.refused($$thule.setxattr('/empty', 'user.\a', 'x')$$, 'TH022');
select fx.refused($$thule.setxattr('/empty', 'other.a', 'x')$$, 'TH095');
select fx.refused($$thule.setxattr('/link', 'user.a', 'x', follow => false)$$, 'TH001');
select fx.refused($$thule.setxattr('/pipe', 'user.a', 'x')$$, 'TH001');
select fx.refused($$thule.setxattr('/empty', 'security.capability', 'x')$$, 'TH022');
select lives_ok($$select thule.setxattr('/link', 'trusted.a', 'x', follow => false)$$, 'of a link root sets trusted ones');
do $$
begin
    for n in 1..260 loop
        perform thule.setxattr('/dir/file', 'user.' || lpad(n::text, 250, '0'), '');
    end loop;
exception when sqlstate 'TH028' then
    perform set_config('fx.full', sqlerrm, true);
end $$;
select matches(current_setting('fx.full', true), 'ENOSPC.*names', 'more names than a list of them can have');

-- Access lists: owner rw, user 7 r, group r, mask rw, others none.
create function fx.acl(entries text) returns bytea language sql
return '\x02000000'::bytea || decode(entries, 'hex');
select thule.setxattr('/empty', 'system.posix_acl_access', fx.acl('01000600ffffffff020004000700000004000400ffffffff10000600ffffffff20000000ffffffff'));
select is((fx.attr('/empty')).mode & 511, 432, 'a list sets the bits, those of the group by its mask');
select is((fx.attr('/empty')).xattrs, 2, 'and is kept');
select thule.chmod('/empty', 416);             -- 0640
select is((select thule_internal.acl_text(x.value) from thule.xattr x where x.ino = 103 and x.name = 'system.posix_acl_access'),
    'user::rw-,user:7:r--,group::r--,mask::r--,other::---', 'chmod writes its mask');
select thule.setxattr('/empty', 'system.posix_acl_access', fx.acl('01000600ffffffff04000000ffffffff20000400ffffffff'));
select is((select (mode & 511, xattrs) from fx.attr('/empty')), (388, 1), 'one that says no more than the bits is not kept');
select lives_ok($$select thule.removexattr('/empty', 'system.posix_acl_access')$$, 'and to take away what is not there is nothing');
select lives_ok($$select thule.setxattr('/dir', 'system.posix_acl_default', fx.acl('01000600ffffffff04000000ffffffff20000400ffffffff'))$$, 'a default list of a directory');
select fx.refused($$thule.setxattr('/empty', 'system.posix_acl_default', fx.acl('01000600ffffffff04000000ffffffff20000400ffffffff'))$$, 'TH013');
select fx.refused($$thule.setxattr('/empty', 'system.posix_acl_access', fx.acl('0100'))$$, 'TH022');
select fx.refused($$thule.setxattr('/empty', 'system.posix_acl_access', fx.acl('04000000ffffffff01000600ffffffff20000400ffffffff'))$$, 'TH022');
select fx.refused($$thule.setxattr('/empty', 'system.posix_acl_access', fx.acl('01000600ffffffff020004000700000004000400ffffffff20000000ffffffff'))$$, 'TH022');
select fx.refused($$thule.setxattr('/link', 'system.posix_acl_access', fx.acl(''), follow => false)$$, 'TH095');

-- Flags
select is(thule.setflags('/empty', 'immutable,nodump'), 103::bigint, 'setflags says which inode');
select is(thule_internal.flags_text((fx.attr('/empty')).flags), 'immutable,nodump', 'flags');
select fx.refused(c, 'TH001') from (values ($$thule.chown('/empty', 1, 1)$$), ($$thule.utimens('/empty')$$), ($$thule.utimens('/empty', mtime => now())$$),
    ($$thule.setxattr('/empty', 'user.a', 'x')$$), ($$thule.removexattr('/empty', 'user.\xff')$$), ($$thule.chmod('/empty', 0)$$)) t (c);
select thule.setflags('/empty', 'append');
select lives_ok($$select thule.utimens('/empty')$$, 'an append-only file is touched');
select fx.refused($$thule.utimens('/empty', mtime => now())$$, 'TH001');
select fx.refused($$thule.setflags('/empty', 'secret')$$, 'TH095');
select fx.refused($$thule.setflags('/empty', null)$$, 'TH095');
select fx.refused($$thule.setflags('/pipe', 'nodump')$$, 'TH095');
select thule.setflags('/empty', 'none');

-- Whose they are.
select thule.chown('/empty', 1000, 1001);
select thule.chmod('/empty', 438);             -- 0666
select fx.as('1000 1001 2000');
select lives_ok($$select thule.chown('/empty', 1000, 2000)$$, 'an owner gives a file to a group that he is in');
select fx.refused($$thule.chown('/empty', 1000, 3000)$$, 'TH001');
select fx.refused($$thule.chown('/empty', 0)$$, 'TH001');
select fx.refused($$thule.setflags('/empty', 'immutable')$$, 'TH001');
select lives_ok($$select thule.setflags('/empty', 'nodump')$$, 'other flags are the owner''s');
select fx.refused($$thule.setxattr('/empty', 'trusted.a', 'x')$$, 'TH001');
select fx.refused($$thule.setxattr('/empty', 'security.a', 'x')$$, 'TH001');
select fx.as('1002 1002');
select lives_ok($$select thule.utimens('/empty')$$, 'who may write a file may touch it');
select lives_ok($$select thule.setxattr('/empty', 'user.b', 'x')$$, 'and give it attributes');
select lives_ok($$select thule.chown('/empty')$$, 'whoever changes nothing may, as on ext4');
select fx.refused(c, 'TH001') from (values ($$thule.utimens('/empty', mtime => now())$$), ($$thule.chown('/empty', 1002)$$),
    ($$thule.setflags('/empty', 'none')$$), ($$thule.setxattr('/empty', 'system.posix_acl_access', '')$$)) t (c);
select fx.refused(c, 'TH013') from (values ($$thule.utimens('/dir/file')$$), ($$thule.setxattr('/dir/file', 'user.b', 'x')$$)) t (c);
select fx.as(null);
select fx.refused(c, 'TH022') from (values ($$thule.chown('/empty', -1)$$), ($$thule.chown('/empty', 1, 4294967295)$$),
    ($$thule.utimens('/empty', mtime => 'infinity')$$), ($$thule.utimens('/empty', atime => '1000-01-01')$$)) t (c);
select fx.refused(c, 'TH002') from (values ($$thule.chown('/none', 1)$$), ($$thule.utimens('/none')$$), ($$thule.setxattr('/none', 'user.a', 'x')$$),
    ($$thule.removexattr('/none', 'user.a')$$), ($$thule.setflags('/none', 'none')$$)) t (c);

-- What is wrong is named, and nothing that was not given.
select throws_ok(c, 'TH022', m, m) from (values ($$select thule.chown('/empty', -1)$$, 'EINVAL: there is no user -1'), ($$select thule.chown('/empty', gid => -1)$$, 'EINVAL: there is no group -1'),
    ($$select thule.chown('/empty', 5, -1)$$, 'EINVAL: there is no user 5 or group -1'), ($$select thule.utimens('/empty', atime => 'infinity')$$, 'EINVAL: a file cannot have the time infinity')) t (c, m);

set constraints all immediate;
select is_empty('select * from thule.fsck', 'sound');
select * from finish();
rollback;
