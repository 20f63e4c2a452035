-- What undo and restore leave alone or are refused: what is open, immutable, append-only, above a quota.
begin;
\ir undo_fixture.sql
select fx.tree();
select thule_internal.lease_take();

create function pg_temp.set_flags(path text, bits integer) returns void language plpgsql as $$
declare
    i bigint := thule.resolve(path);
begin
    perform fx.end_inode(i, fx.op('setflags', i));
    update thule.inode set flags = bits where ino = i;
end $$;
create function pg_temp.open(kind text, args jsonb, variadic opened bigint[]) returns jsonb language plpgsql as $$
declare
    r bigint;
begin
    insert into thule.request (kind, args) values (open.kind, open.args) returning id into r;
    perform thule_internal.perform(r, opened);
    return (select q.result from thule.request q where q.id = r);
end $$;

-- What is open stays without a name; what is not goes.
select pg_temp.by(18, 'made');
select fx.create('/open'), fx.create('/closed');
select fx.write('/open', 0, 'content');
select pg_temp.by(17, null);
create temp table made as select thule.resolve('/open') as ino;
select pg_temp.open('undo', '{"tag": "made"}', ino) from made;
select results_eq('select nlink, size::bigint from thule.inode join made using (ino)', 'values (0, 7::bigint)', 'open: without a name');
select is((select count(*) from thule.extent join made using (ino)), 1::bigint, 'with its bytes');
select is_empty('select from thule.dirent join made using (ino)', 'and nowhere');
select is(thule.resolve('/closed'), null, 'not open: gone');
select is((select count(*) from thule.inode where nlink = 0), 1::bigint, 'for good');
select pg_temp.run('undo', jsonb_build_object('tag', format('undo:%s', max(id)))) from thule.request;
select results_eq('select nlink from thule.inode join made using (ino)', 'values (1)', 'and back again');
select is(thule.content('/open'), 'content', 'with its bytes');
select pg_temp.run('erase', '{"path": "/open", "by": "x"}');
select is_empty('select from thule.inode join made using (ino)', 'erasing does not wait');
select is_empty('select * from thule.fsck', 'sound');

-- Flags. Those of others protect; those that are undone do not.
select pg_temp.by(18, 'job');
select fx.chmod('/dir/file', 384), fx.chmod('/empty', 384);
select pg_temp.set_flags('/empty', 16);
select pg_temp.by(17, null);
select pg_temp.set_flags('/dir/file', 32);
select results_eq('select action, path, detail from thule_internal.undo_plan(''{"tag": "job"}'') where conflict',
    $$values ('mode', '/dir/file', 'is append-only')$$, 'what is append-only is left as it is');
select results_eq('select action, path, detail from thule_internal.undo_plan(''{"tag": "job"}'') where not conflict order by action',
    $$values ('flags', '/empty', 'none'), ('mode', '/empty', '0644')$$, 'what is undone protects nothing');
select is_empty('select from thule_internal.undo_plan(''{"tag": "job", "force": true}'') where conflict', 'with force');
select fx.create('/dir/late');
select pg_temp.set_flags('/dir', 16);
select results_eq('select action, path, detail from thule_internal.restore_plan(''{"path": "/dir", "at": "op:106"}'') where conflict order by 1, 2',
    $$values ('flags', '/dir', 'is immutable'), ('flags', '/dir/file', 'is append-only'), ('mode', '/dir/file', 'is append-only'),
        ('remove', '/dir/late', 'the directory is immutable')$$, 'an immutable directory keeps its names');
select is_empty('select from thule_internal.restore_plan(''{"path": "/dir", "at": "op:106"}'') where not conflict', 'and nothing else is done');
select is_empty('select from thule_internal.restore_plan(''{"path": "/dir", "at": "op:106", "force": true}'') where conflict', 'but with force');
select pg_temp.run('restore', '{"path": "/dir", "at": "op:106", "force": true}');
select is(thule.resolve('/dir/late'), null, 'which does it');
select results_eq($$select flags from thule.inode where ino in (thule.resolve('/dir'), thule.resolve('/dir/file'))$$, 'values (0), (0)',
    'flags of then, too');

-- Quotas.
create temp table gone as select count(*) as n from thule.inode where uid = (select uid from thule.inode where ino = thule.resolve('/empty'));
select pg_temp.by(18, 'rm');
select fx.unlink('/empty');
select pg_temp.by(17, null);
select thule_internal.quota_set(jsonb_build_object('action', 'set', 'kind', 0, 'name', 'ada', 'inodes', n - 1,
    'id', (select uid from thule.inode where ino = thule.resolve('/dir/file')))) from gone;
select throws_like($$select pg_temp.run('undo', '{"tag": "rm"}')$$, 'user ada would have % files, and its quota allows %: nothing was changed',
    'more than a quota allows');
select throws_like($$select thule_internal.undo_plan('{"tag": "rm"}')$$, 'user ada would have % files, and its quota allows %: nothing was changed',
    'and a dry run tells');
select isnt_empty($$select thule_internal.undo_plan('{"tag": "rm", "force": true}')$$, 'but with force');
select throws_ok($$select pg_temp.run('restore', '{"path": "/empty", "at": "op:106"}')$$, '53400', null, 'by a restore, too');
select throws_ok($$select thule_internal.restore_plan('{"path": "/empty", "at": "op:106"}')$$, '53400', null, 'and its dry run');
select is(thule.resolve('/empty'), null, 'and nothing was done');
select pg_temp.run('undo', '{"tag": "rm", "force": true}');
select isnt(thule.resolve('/empty'), null, 'with force');
select fx.chmod('/dir/file', 448);
select is(pg_temp.run('undo', format('{"since": "op:%s"}', (select max(op) from thule.op))::jsonb) ->> 'attributes', '1', 'above it already: what adds nothing passes');

-- What a dry run foresees is what comes.
create function pg_temp.foreseen(kind text, args jsonb) returns setof text language plpgsql as $$
begin
    if foreseen.kind = 'undo' then
        perform thule_internal.undo_prepare(args);
    else
        perform thule_internal.restore_prepare(args);
    end if;
    perform thule_internal.quota_begin();
    perform thule_internal.quota_foresee();
    create temp table foretold on commit drop as select u.kind, u.id, u.bytes, u.inodes from pg_temp.quota_then u;
    perform pg_temp.run(foreseen.kind, args);
    return query select format('%s %s %s %s', f.kind, f.id, f.bytes, f.inodes) from foretold f
        except select format('%s %s %s %s', u.kind, u.id, u.bytes, u.inodes) from thule.quota_usage u;
    drop table foretold;
end $$;
select pg_temp.by(17, null);
select fx.mkdir('/tree'), fx.mkdir('/tree/low'), fx.create('/tree/low/file');
select fx.write('/tree/low/file', 0, repeat('x', 9000)::bytea);
select thule_internal.quota_set(jsonb_build_object('action', 'set', 'kind', 2, 'name', '/tree', 'path', '/tree', 'bytes', 1000000));
select thule_internal.quota_mark();
update thule.quota set inodes_limit = 1000;
create temp table was as select (select max(op) from thule.op) as op;
select pg_temp.by(18, 'tree');
select fx.write('/tree/low/file', 100, repeat('y', 20000)::bytea), fx.rename('/tree/low', '/low'), fx.create('/tree/more'),
    fx.write('/tree/more', 0, repeat('z', 5000)::bytea), fx.create('/low/more');
select pg_temp.by(18, 'tree2');
select fx.truncate('/low/file', 10), fx.unlink('/tree/more');
select pg_temp.by(17, null);
select thule_internal.quota_mark();
select is_empty($$select pg_temp.foreseen('undo', '{"tag": "tree2"}')$$, 'of an undo that brings back');
select is_empty($$select pg_temp.foreseen('undo', '{"tag": "tree"}')$$, 'of one that renames and removes');
select is_empty(format($$select pg_temp.foreseen('undo', '{"since": "op:%s"}')$$, op + 1), 'of one that undoes undos') from was;
select is_empty(format($$select pg_temp.foreseen('restore', '{"path": "/", "at": "op:%s"}')$$, (select max(op) - 3 from thule.op)), 'of a restore');
select is_empty(format($$select pg_temp.foreseen('restore', '{"path": "/tree", "at": "op:%s", "to": "/copy"}')$$, op), 'of a copy') from was;
select is_empty(format($$select pg_temp.foreseen('restore', '{"path": "/tree", "at": "op:%s", "to": "/tree/copy"}')$$, op), 'of a copy in it') from was;
select is_empty('select * from thule.fsck', 'sound in the end');
select * from finish();
rollback;
