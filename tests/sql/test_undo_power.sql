-- Power that comes back: owner, set-id bits, capability and bytes together, or neither bits nor capability.
begin;
\ir undo_fixture.sql
create function pg_temp.is(path text) returns text language sql as $$
select concat_ws(' ', i.uid, to_char(i.mode & 4095, 'FM9999'), (select convert_from(x.value, 'UTF8') from thule.xattr x
        where x.ino = i.ino and x.name = 'security.capability'), convert_from(thule.content(path), 'UTF8'))
from thule.inode i where i.ino = thule.resolve(path) $$;
create function pg_temp.chown(path text, owner bigint, bits integer) returns bigint language plpgsql as $$
declare
    i bigint := thule.resolve(path);
    o bigint := fx.op('chown', i);
begin
    perform fx.end_inode(i, o);
    update thule.inode set uid = owner, mode = mode & 61440 | bits where ino = i;
    return o;
end $$;
create function pg_temp.last_op() returns bigint language sql as $$ select max(op) from thule.op $$;
-- 04755 is 2541, 0755 is 493.
create function pg_temp.program(path text) returns void language sql as $$
select fx.create(path), fx.write(path, 0, 'true'), pg_temp.chown(path, 0, 493), fx.chmod(path, 2541),
    fx.setxattr(path, 'security.capability', 'caps') $$;

select fx.tree();
select thule_internal.lease_take();

-- Nobody came in between.
select pg_temp.by(17, null), pg_temp.program('/alone');
select pg_temp.by(18, 'alone'), fx.setxattr('/alone', 'security.capability', null), pg_temp.chown('/alone', 1000, 493),
    fx.write('/alone', 0, 'evil'), fx.truncate('/alone', 2);
select is(jsonb_array_length(pg_temp.run('undo', '{"tag": "alone"}') -> 'conflicts'), 0, 'all comes back');
select is(pg_temp.is('/alone'), '0 2541 caps true', 'together');

-- The new owner wrote.
select pg_temp.by(17, null), pg_temp.program('/given');
select pg_temp.by(18, 'given'), fx.setxattr('/given', 'security.capability', null), pg_temp.chown('/given', 1000, 493);
select pg_temp.by(17, null), fx.write('/given', 0, 'evil');
select results_eq('select action, detail, conflict, "by" from thule_internal.undo_plan(''{"tag": "given"}'') where action in (''mode'', ''xattr'')',
    $$values ('mode', 'set-id bits are dropped: owner and bytes would not be those they were given to', true, 'vi (pid 4242, user ada)'),
        ('xattr', 'security.capability is dropped: owner and bytes would not be those they were given to', true, 'vi (pid 4242, user ada)')$$,
    'it is told');
savepoint once;
select pg_temp.run('undo', '{"tag": "given"}');
select is(pg_temp.is('/given'), '0 493 evil', 'the owner comes back alone');
rollback to once;
select is(jsonb_array_length(pg_temp.run('undo', '{"tag": "given", "force": true}') -> 'conflicts'), 2, 'also with force');
select is(pg_temp.is('/given'), '0 493 evil', 'and alone');

-- Bits that somebody has given since to other bytes do not come over those of before.
select pg_temp.by(17, null), fx.create('/set'), fx.write('/set', 0, 'evil'), pg_temp.chown('/set', 0, 493);
select pg_temp.by(18, 'set'), fx.write('/set', 0, 'good');
select pg_temp.by(17, null), fx.chmod('/set', 2541);
select pg_temp.run('undo', '{"tag": "set"}');
select is(pg_temp.is('/set'), '0 493 evil', 'bytes of before without the bits of now');

-- What has nothing to do with it leaves them alone.
select pg_temp.by(17, null), pg_temp.program('/kept');
select pg_temp.by(18, 'kept'), fx.chmod('/kept', 2496);
select pg_temp.by(17, null), fx.setxattr('/kept', 'user.a', 'b');
select pg_temp.run('undo', '{"tag": "kept"}');
select is(pg_temp.is('/kept'), '0 2541 caps true', 'permissions of others');

-- What comes back with its name has what it had when it went, or nothing.
select pg_temp.by(17, null), pg_temp.program('/gone');
select pg_temp.by(18, 'gone'), fx.setxattr('/gone', 'security.capability', null), pg_temp.chown('/gone', 1000, 493);
select pg_temp.by(17, 'later'), fx.write('/gone', 0, 'evil'), fx.unlink('/gone');
create temp table undone as select pg_temp.run('undo', '{"tag": "later"}') -> 'tag' as tag;
select is(pg_temp.is('/gone'), '1000 493 true', 'without the later change');
select pg_temp.run('undo', '{"tag": "gone"}');
select is(pg_temp.is('/gone'), '0 2541 caps true', 'and without the other: all as it was');

-- Restored by root, and by others.
select pg_temp.by(17, null), pg_temp.program('/old');
create temp table start as select pg_temp.last_op() as op;
select fx.setxattr('/old', 'security.capability', null), pg_temp.chown('/old', 1000, 493), fx.write('/old', 0, 'evil');
create function pg_temp.restore(place text, who bigint) returns integer language sql as $$
select jsonb_array_length(pg_temp.run('restore', jsonb_strip_nulls(jsonb_build_object('path', '/old', 'to', place, 'at',
    'op:' || (select op from start), 'actor', jsonb_build_object('uid', who, 'gid', who)))) -> 'conflicts') $$;
select is(pg_temp.restore('/copy', 0), 0, 'a copy by root');
select is(pg_temp.is('/copy'), '0 2541 caps true', 'has all');
select is(pg_temp.restore('/stolen', 1000), 2, 'a copy by somebody');
select is(pg_temp.is('/stolen'), '0 493 true', 'has no power');
select is(pg_temp.restore(null, 1000), 2, 'in place by somebody');
select is(pg_temp.is('/old'), '0 493 true', 'neither');
select is(pg_temp.restore(null, 0), 0, 'in place by root');
select is(pg_temp.is('/old'), '0 2541 caps true', 'has all');
select is_empty('select * from thule.fsck', 'sound');

select * from finish();
rollback;
