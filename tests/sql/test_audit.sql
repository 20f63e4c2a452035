-- The chain of thule audit: everything that is linked and then altered, removed, put in or exchanged is found and named, and what
-- prune, erase, undo and the daemon do is not.
begin;
\ir fixture.sql
\ir perform_fixture.sql
select no_plan();
select throws_ok($$select thule_internal.audit_verify(null)$$, 'P0002', null, 'without a chain there is nothing to verify');
select thule_internal.lease_take();
select fx.tree();                                       -- ops 100 to 106
select fx.setxattr('/empty', 'user.a', 'one');          -- 107
select fx.write('/dir/file', 0, 'HELLO');               -- 108
select fx.write('/empty', 0, '0123456789');             -- 109
select fx.write('/empty', 3, 'xyz');                    -- 110, cuts it in two
select fx.create('/gone');                              -- 111
select fx.write('/gone', 0, 'gone');                    -- 112
select fx.unlink('/gone');                              -- 113

create function fx.verify(digest text default null) returns jsonb language sql return thule_internal.audit_verify(digest);
create function fx.findings(digest text default null) returns setof text language sql as $$
select f.value ->> 'what' from jsonb_array_elements(fx.verify(digest) -> 'findings') with ordinality f order by f.ordinality $$;
create function fx.seal() returns text language sql as $$ select encode(s.digest, 'hex') from thule_internal.audit_seal('ada') s $$;
-- What verify says first of the filesystem as a statement has left it, which is then taken back.
create function fx.after(statement text, digest text default null) returns text language plpgsql as $$
declare
    found text;
    n     bigint;
begin
    begin
        execute statement;
        get diagnostics n = row_count;
        found := case when n = 0 then 'the statement did nothing'
            else coalesce((select f from fx.findings(after.digest) f limit 1), 'sound') end;
        raise exception using errcode = 'TH001', message = 'taken back';
    exception when sqlstate 'TH001' then
        return found;
    end;
end $$;

create table fx.kept (name text primary key, digest text not null);
insert into fx.kept select 'first', fx.seal();
create function fx.digest(name text) returns text language sql return (select k.digest from fx.kept k where k.name = digest.name);
select results_eq('select link, kind, by, last_op from thule.chain', $$values (1::bigint, 'seal', 'ada', 113::bigint)$$, 'one link of all');
select is(fx.seal(), fx.digest('first'), 'nothing new: the same digest');
select is_empty('select * from fx.findings()', 'sound');
-- What ends and is cut later was linked as what it was.
select fx.write('/empty', 1, '!');                      -- 114
select fx.truncate('/empty', 8);                        -- 115
select fx.setxattr('/empty', 'user.a', null);           -- 116
select fx.rename('/dir/file', '/dir/moved');            -- 117
select is_empty('select * from fx.findings()', 'sound, with ops that are not linked');
select is(fx.verify() -> 'unlinked', '4'::jsonb, 'which it says');
insert into fx.kept select 'second', fx.seal();
select fx.write('/empty', 0, 'anew');                   -- 118
select fx.chmod('/dir/moved', 384);                     -- 119
insert into fx.kept select 'third', fx.seal();
select is_empty('select * from fx.findings()', 'sound with three links');
select is_empty(format('select * from fx.findings(%L)', k.digest), 'by digest ' || k.name) from fx.kept k;
select is(fx.verify(upper(fx.digest('first'))) -> 'since' -> 'op', '113'::jsonb, 'capitals are digits as well');
select matches((select f from fx.findings(repeat('0', 64)) f), 'no link has the given digest', 'a digest of another filesystem');
select is((fx.verify(repeat('0', 64)) ->> 'sound')::boolean, false, 'proves nothing');

-- Each kind of row altered, removed, put in, exchanged; and what is found first.
create table fx.tampering (statement text, finding text);
insert into fx.tampering values
    ($$update thule.op set name = 'other' where op = 111$$, '^op 111 in thule.op was altered'),
    ($$update thule.op set at = at + interval '1 us' where op = 103$$, '^op 103 in thule.op was altered'),
    ($$update thule.op set actor = 18 where op = 119$$, '^op 119 in thule.op was altered'),
    ($$update thule.op set tag = 'mine' where op = 119$$, '^op 119 in thule.op was altered'),
    ($$delete from thule.op where op = 112$$, '^op 112 in thule.op was removed'),
    ($$delete from thule.op where op >= 118$$, '^op 118 in thule.op was removed'),
    ($$insert into thule.op select 50, at, ino, null, null, off, len, actor, mount, kind from thule.op where op = 100$$,
        '^op 50 in thule.op was put in later'),
    ($$update thule.op set op = case op when 103 then 9108 else 9103 end where op in (103, 108);
       update thule.op set op = op - 9000 where op > 9000$$, '^op 103 in thule.op was altered'),
    ($$update thule.actor set cmdline = 'vi' where id = 17$$, '^process 17 in thule.actor was altered'),
    ($$update thule.actor set uid = 0 where id = 17$$, '^process 17 in thule.actor was altered'),
    ($$delete from thule.actor where id = 18$$, '^process 18 in thule.actor was removed'),
    ($$insert into thule.actor select 19, host, boot_id, pid, start_time, ppid, uid, gid, loginuid, exe, comm, cmdline, cgroup from thule.actor where id = 18$$,
        '^process 19 in thule.actor was put in later'),
    ($$update thule.inode set mode = mode | 2048 where ino = 102$$, '^a version of inode 102 in thule.inode .*since op 119, was altered'),
    ($$update thule.inode set mtime_ns = 5 where ino = 103$$, 'inode 103 in thule.inode .*was altered'),
    ($$update thule.inode set op_from = 117 where ino = 102$$, 'inode 102 in thule.inode .*since op 117, was put in later'),
    ($$delete from thule.inode where ino = 104$$, '^a version of inode 104 in thule.inode .*since op 106, was removed'),
    ($$update thule.inode_history set uid = 0 where ino = 102 and op_from = 102$$, 'inode 102 in thule.inode .*since op 102, was altered'),
    ($$delete from thule.inode_history where ino = 105 and op_from = 111$$, 'inode 105 in thule.inode .*since op 111, was removed'),
    ($$update thule.inode_history set op_to = op_to + 1 where ino = 105 and op_from = 112$$, 'inode 105 in thule.inode .*has another end'),
    ($$insert into thule.inode_history select * from thule.inode_history where ino = 105 and op_from = 111$$, 'inode 105 .*more than once'),
    ($$insert into thule.inode select * from thule.inode where ino = 102$$, 'inode 102 .*more than once'),
    ($$update thule.dirent set name = 'other' where ino = 104$$, 'inode 104 in thule.dirent .*since op 106, was altered'),
    ($$update thule.dirent set ino = 103 where ino = 104$$, 'inode 103 in thule.dirent .*since op 106, was put in later'),
    ($$delete from thule.dirent where ino = 104$$, 'inode 104 in thule.dirent .*was removed'),
    ($$delete from thule.dirent_history where ino = 105$$, 'inode 105 in thule.dirent .*since op 111, was removed'),
    ($$insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from) select parent, 'second', ino, cookie + 1, op_from, valid_from
       from thule.dirent where ino = 104$$, 'inode 104 in thule.dirent .*was put in later'),
    ($$with back as (delete from thule.dirent_history where ino = 105 returning parent, name, ino, cookie, op_from, valid_from)
       insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from) select * from back$$, 'inode 105 in thule.dirent .*another end'),
    ($$update thule.xattr_history set value = 'two'$$, 'inode 103 in thule.xattr .*since op 107, was altered'),
    ($$delete from thule.xattr_history$$, 'inode 103 in thule.xattr .*was removed'),
    ($$update thule.extent set len = len - 1 where ino = 102 and op_from = 108$$, '^bytes of inode 102 from op 108 on, in blob 10[0-9], by thule.extent: '),
    ($$update thule.extent set blob_off = blob_off + 1 where ino = 102 and op_from = 103$$, '^bytes of inode 102 from op 103 on'),
    ($$update thule.extent e set blob = h.blob from thule.extent_history h where h.ino = 105 and e.ino = 102 and e.op_from = 108$$,
        '^bytes of inode 102 from op 108 on'),
    ($$delete from thule.extent where ino = 102 and op_from = 103$$, '^bytes of inode 102 from op 103 on'),
    ($$insert into thule.extent select ino, file_off + 1000, len, blob, blob_off, op_from from thule.extent where ino = 102 and op_from = 103$$,
        '^bytes of inode 102 from op 103 on'),
    ($$delete from thule.extent_history where ino = 103 and op_to = 110$$, 'bytes of inode 103 from op 109 on, .*extent_history: a piece was removed'),
    ($$update thule.extent_history set op_to = 112 where ino = 103 and op_to = 110$$, 'bytes of inode 103 from op 109 on, .*extent_history: a piece'),
    ($$insert into thule.extent_history select * from thule.extent_history where ino = 103 and op_to = 110$$, 'extent_history: a piece .*more than once'),
    ($$update thule.blob set data = 'HELL0' where data = 'HELLO'$$, '^blob 101 in thule.blob was altered'),
    ($$delete from thule.blob where data = 'gone'$$, '^blob 104 in thule.blob was removed'),
    ($$insert into thule.blob values (50, 'new')$$, '^blob 50 in thule.blob was put in later'),
    ($$update thule.blob set data = case data when 'HELLO' then 'hello world'::bytea else 'HELLO' end where data in ('HELLO', 'hello world')$$,
        '^blob 100 in thule.blob was altered'),
    ($$update thule.chain set last_op = 118 where link = 3$$, '^link 3: its row'),
    ($$update thule.chain set at = at + interval '1 us' where link = 2$$, '^link 2: its row'),
    ($$update thule.chain set digest = sha256('') where link = 2$$, '^link 2: its row'),
    ($$delete from thule.chain where link = 2$$, '^link 2 of the chain is missing'),
    ($$update thule.chain_part set ops = array_append(ops[2:], 99::bigint) where link = 1 and area = 'op'$$, '^link 1: its rows'),
    ($$delete from thule.chain_part where link = 2 and area = 'inode'$$, '^link 2: its rows'),
    ($$insert into thule.chain_part (link, area, part, ops, inos) values (3, 'gone', 0, '{9223372036854775807}', '{102}')$$, '^link 3: its rows'),
    ($$insert into thule.chain_part (link, area, part, ops, inos) values (9, 'gone', 0, '{9223372036854775807}', '{102}')$$, 'rows of link 9');
select matches(fx.after(t.statement), t.finding, t.statement) from fx.tampering t;
-- What says nothing of what was done is in no link: when a file was read last, what it counts for.
select is(fx.after('update thule.inode set atime_ns = 7, project = 3'), 'sound', 'atime and project');
-- Whoever makes links that fit what was altered is found out by a digest of before.
create function fx.forged() returns void language plpgsql as $$
begin
    update thule.op set name = 'other' where op = 111;
    delete from thule.chain_part;
    delete from thule.chain;
    perform fx.seal();
end $$;
select is(fx.after('select fx.forged()'), 'sound', 'links that were made anew fit');
select matches(fx.after('select fx.forged()', fx.digest('first')), 'no link has the given digest', 'and have another digest');
select matches(fx.after('with p as (delete from thule.chain_part where link > 1) delete from thule.chain where link > 1', fx.digest('third')),
    'no link has the given digest', 'so have links that were cut off');

-- Undo is ops like others; what it brings back is what was linked.
select pg_temp.run('undo', '{"since": "op:118", "path": "/dir/moved"}');
select pg_temp.run('restore', '{"path": "/gone", "at": "op:112"}');
select is_empty('select * from fx.findings()', 'sound after undo and restore');
insert into fx.kept select 'fourth', fx.seal();
select is_empty('select * from fx.findings()', 'and when they are linked');

-- Prune: what a snapshot or a hold keeps, what ended since, the log. The ends that were not linked are, before they go.
select thule_internal.snapshot_create('keep', 'ada', 'op:110');
select thule_internal.hold_add('/dir/moved', 'ada', null);
select fx.write('/empty', 0, 'more');
create table fx.horizon as select max(op) as op from thule.op;
select fx.write('/empty', 0, 'most');
select thule_internal.prune_begin(op) from fx.horizon;
select is_empty('select * from fx.findings()', 'sound while prune is at work');
select thule_internal.prune_step(2);
select is_empty('select * from fx.findings()', 'sound after a step of it');
select thule_internal.prune_step(1000) from generate_series(1, 5);
select is((select count(*) from thule.inode_history where ino = 105 and op_from = 111), 0::bigint, 'it has deleted');
select cmp_ok((select count(*) from thule.extent_history where ino = 103), '>', 0::bigint, 'but not everything');
select is_empty('select * from fx.findings()', 'sound after it');
select is_empty(format('select * from fx.findings(%L)', k.digest), 'by the digest of before, ' || k.name) from fx.kept k;
select results_eq($$select d ->> 'kind', (d ->> 'horizon')::bigint, d -> 'after' from jsonb_array_elements(fx.verify(fx.digest('first')) -> 'deleted') d$$,
    $$select 'prune', op, 'true'::jsonb from fx.horizon$$, 'it says what was pruned, and that the digest is older');
select fx.seal();
select matches(fx.after($$update thule.inode set mode = mode | 2048 where ino = 102$$), 'inode 102 in thule.inode .*altered', 'what is left is guarded: altered');
select matches(fx.after($$delete from thule.dirent where ino = 104$$), 'inode 104 in thule.dirent .*removed', 'removed, although it is old');
select matches(fx.after($$delete from thule.op where op = 103$$), '^op 103 .*removed', 'the log was not pruned');
select matches(fx.after($$delete from thule.inode_history where ino = 103 and op_to > (select op from fx.horizon)$$), 'inode 103 .*removed',
    'what ended after the horizon');
select thule_internal.prune_log(1000);
select is((select count(*) from thule.op where op = 101), 0::bigint, 'the log is pruned');
select is_empty('select * from fx.findings()', 'sound after that');
select matches(fx.after($$delete from thule.op where op = (select max(op) from thule.op)$$), '^op .*removed', 'the rest of the log is guarded');

-- Of some files alone.
select fx.mkdir('/two');
select fx.create('/two/a');
select fx.write('/two/a', 0, 'a');
select fx.write('/two/a', 0, 'b');
select fx.rename('/two/a', '/two/b');
select fx.setxattr('/two', 'user.a', 'one');
select fx.setxattr('/two', 'user.a', 'two');
select fx.seal();
select thule_internal.prune_inodes(array(select thule.inodes_under('/two')), (select max(op) from thule.op));
select is((select count(*) from thule.dirent_history where name = 'a'), 0::bigint, 'the past of a directory is gone');
select is_empty('select * from fx.findings()', 'sound after a prune by path');

-- Erase: everything of a file, also the bytes that a copy of a part of it does not have.
select fx.create('/secret');
select fx.write('/secret', 0, 'a secret and a public part');
select fx.create('/copy');
insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
    select c.ino, 0, 6, e.blob, 11, c.op_from
    from thule.inode c, thule.extent e where c.ino = thule.resolve('/copy') and e.ino = thule.resolve('/secret');
update thule.inode set size = 6, allocated = 6 where ino = thule.resolve('/copy');
select fx.seal();
select pg_temp.run('erase', '{"path": "/secret", "by": "ada"}');
select isnt((select b.data from thule.blob b join thule.extent e on e.blob = b.id and e.ino = thule.resolve('/copy')), 'a secret and a public part',
    'bytes of a shared blob are cleared');
select is_empty('select * from fx.findings()', 'sound after erase');
select fx.seal();
select is_empty('select * from fx.findings()', 'and when it is linked');
select matches(fx.after($$update thule.blob b set data = 'x' from thule.extent e where e.blob = b.id and e.ino = thule.resolve('/copy')$$),
    '^blob .* was altered', 'the cleared blob is guarded as it is now');
select is_empty('select * from thule.fsck', 'and it is a sound filesystem');

-- Who may read and no more cannot link, and verifies.
create role reads_only;
grant usage on schema thule, fx to reads_only;
grant select on all tables in schema thule, fx to reads_only;
select fx.create('/late');
set local role reads_only;
select is((select s.unlinked from thule_internal.audit_seal('eve') s), 1::bigint, 'who only reads gets the last digest, and is told what is not in it');
select is_empty('select * from fx.findings()', 'and verifies');
reset role;
select * from finish();
rollback;
