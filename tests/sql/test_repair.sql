-- thule fsck --repair: each check finds a planted fault, and the repair mends it or leaves it with the reason. A check without a fault here fails.
begin;
\ir fixture.sql
\ir perform_fixture.sql
select no_plan();
select fx.tree();
select fx.setxattr('/dir/file', 'user.a', 'v');
select fx.write('/dir/file', 3, 'abc');
select fx.truncate('/dir/file', 5);
select fx.create('/gone');
select fx.write('/gone', 0, 'bytes');
select fx.unlink('/gone');
select thule_internal.lease_take();
select is_empty('select * from thule.fsck', 'a sound tree');

create table fx.fault (
    check_id text,     -- what finds it
    leaves   text,     -- the checks that still find something after the repair
    damage   text,
    mended   text      -- what is to be true then
);
insert into fx.fault (check_id, leaves, damage, mended) values
    ('root', '', $$insert into thule.dirent values (101, 'up', 1, 3, 16, now()); update thule.inode set nlink = 3 where ino = 101$$,
        $$not exists (select from thule.dirent where ino = 1)$$),
    ('root', '', $$update thule.inode set mode = 33188 where ino = 1$$, $$thule.resolve('/dir/file') = 102$$),
    ('root', '', $$delete from thule.inode where ino = 1$$, $$thule.resolve('/dir/file') = 102 and
        (select mode = 16877 and nlink = 3 from thule.inode where ino = 1)$$),
    ('inode_orphan', '', $$delete from thule.dirent where name = 'empty'$$, $$thule.resolve('/lost+found/#103') = 103$$),
    ('inode_orphan', '', $$delete from thule.dirent where name = 'dir'$$, $$thule.resolve('/lost+found/#100/sub/hard') = 102$$),
    ('inode_orphan', '', $$update thule.dirent set name = 'lost+found' where ino = 104; delete from thule.dirent where name = 'empty'$$,
        $$thule.resolve('/lost+found') = 104 and thule.resolve('/lost+found-2/#103') = 103$$),
    ('inode_orphan', '', $$delete from thule.dirent where name = 'empty'; update thule.inode set nlink = 0 where ino = 103$$,
        $$not exists (select from thule.inode where ino = 103) and exists (select from thule.inode_history where ino = 103)$$),
    ('inode_attribute', '', $$select fx.unchecked(); update thule.inode set size = -1, uid = -1, mode = 35309 where ino = 102$$,
        $$thule.content('/dir/file') = 'helab' and (select uid = 65534 and mode = 33261 from thule.inode where ino = 102)$$),
    ('inode_attribute', '', $$select fx.unchecked(); update thule.inode set mode = mode & 4095, nlink = -7, xattrs = -1 where ino = 100$$,
        $$thule.resolve('/dir/sub/hard') = 102 and (select mode = 16877 from thule.inode where ino = 100)$$),
    ('inode_attribute', 'inode_attribute', $$select fx.unchecked(); update thule.inode set target = null where ino = 104$$, 'true'),
    ('inode_attribute', 'inode_attribute', $$select fx.unchecked(); update thule.inode_history set size = -1 where ino = 105 and op_to = 112$$, 'true'),
    ('dirent_dangling', '', $$delete from thule.inode where ino = 103$$, $$thule.resolve('/empty') is null$$),
    ('dirent_dangling', '', $$delete from thule.inode where ino = 102$$, $$thule.content('/dir/file') = 'helab'
        and (select mode = 33188 and uid = 1000 and nlink = 2 and xattrs = 1 from thule.inode where ino = 102)$$),
    ('dirent_dangling', '', $$insert into thule.dirent values (77, 'x', 104, 3, 16, now()); update thule.inode set nlink = 2 where ino = 104$$,
        $$thule.resolve('/lost+found/#77/x') = 104$$),
    ('dirent_dangling', '', $$insert into thule.dirent values (103, 'x', 104, 3, 16, now()); update thule.inode set nlink = 2 where ino = 104$$,
        $$thule.resolve('/lost+found/#104') = 104 and thule.resolve('/link') = 104$$),
    ('dirent_name', '', $$select fx.unchecked(); update thule.dirent set name = 'a/b' where name = 'empty'$$, $$thule.resolve('/lost+found/#103') = 103$$),
    ('dirent_name', '', $$select fx.unchecked(); update thule.dirent set name = '..' where name = 'dir'$$, $$thule.resolve('/lost+found/#100/file') = 102$$),
    ('dirent_name', 'dirent_name', $$select fx.unchecked(); update thule.dirent_history set name = 'a/b'$$, 'true'),
    ('dirent_cookie', '', $$select fx.unchecked(); update thule.dirent set cookie = 2 where name = 'empty'$$,
        $$thule.resolve('/empty') = 103$$),
    ('dirent_cookie', '', $$update thule.dirent set cookie = 50 where parent = 1$$,
        $$(select count(distinct cookie) = 3 from thule.dirent where parent = 1)$$),
    ('nlink', '', $$update thule.inode set nlink = 9 where ino in (1, 100, 102, 103)$$,
        $$(select array_agg(nlink order by ino) = '{3,3,2,1}' from thule.inode where ino in (1, 100, 102, 103))$$),
    ('directory_names', '', $$insert into thule.dirent values (1, 'again', 101, 3, 110, now()); update thule.inode set nlink = 4 where ino = 1$$,
        $$thule.resolve('/dir/sub') = 101 and thule.resolve('/again') is null$$),
    ('directory_names', '', $$insert into thule.dirent values (1, 'again', 100, 3, 110, now()), (101, 'loop', 100, 5, 16, now());
        delete from thule.dirent where name = 'dir'$$, $$thule.resolve('/again/sub/hard') = 102$$),
    ('directory_unreachable', '', $$update thule.dirent set parent = 101 where name = 'dir'; update thule.inode set nlink = 2 where ino = 1;
        update thule.inode set nlink = 3 where ino = 101$$, $$thule.resolve('/lost+found/#100/sub/hard') = 102$$),
    ('extent_inode', '', $$update thule.inode set size = 4 where ino = 102$$, $$thule.content('/dir/file') = 'helab'$$),
    ('extent_inode', '', $$update thule.extent set ino = 55 where file_off = 3$$,
        $$thule.content('/lost+found/#55') = '\x0000006162' and thule.content('/dir/file') = '\x68656c0000'$$),
    ('extent_inode', '', $$update thule.extent set ino = 104 where file_off = 3$$,
        $$not exists (select from thule.extent where ino = 104) and exists (select from thule.extent_history where ino = 104)$$),
    ('extent_range', '', $$select fx.unchecked(); update thule.extent set len = 0 where file_off = 3$$, $$thule.content('/dir/file') = '\x68656c0000'$$),
    ('extent_range', 'extent_range', $$select fx.unchecked(); update thule.extent_history set blob_off = 9223372036854775807 where ino = 105$$, 'true'),
    ('extent_overlap', '', $$update thule.extent set file_off = 1 where ino = 102 and file_off = 3$$, $$thule.content('/dir/file') = '\x6861620000'$$),
    ('extent_overlap', '', $$insert into thule.extent values (102, 1, 1, 101, 2, 111)$$, $$thule.content('/dir/file') = 'hclab'$$),
    ('extent_blob', 'extent_blob', $$delete from thule.blob where id = (select blob from thule.extent where file_off = 3)$$, 'true'),
    ('extent_version', 'extent_version', $$update thule.extent_history set op_to = 111 where ino = 102 and file_off = 3$$, 'true'),
    ('blob_unused', '', $$insert into thule.blob values (150, 'lost'), (151, ''), (152, 'too'); update thule.superblock set next_blob = 153$$,
        $$thule.content('/lost+found/blob-150') = 'lost' and thule.content('/lost+found/blob-152') = 'too'
            and not exists (select from thule.blob where id = 151)$$),
    ('xattr_inode', '', $$update thule.xattr set ino = 55; update thule.inode set xattrs = 0 where ino = 102$$,
        $$thule.resolve('/lost+found/#55') = 55 and (select value = 'v' from thule.xattr where ino = 55)$$),
    ('xattr_count', '', $$update thule.inode set xattrs = 4 where ino in (102, 103)$$, $$(select xattrs = 0 from thule.inode where ino = 103)$$),
    ('xattr_text', '', $$select fx.unchecked(); update thule.xattr set name = ''$$, $$(select xattrs = 0 from thule.inode where ino = 102)$$),
    ('version_interval', '', $$update thule.inode set op_to = 200, valid_to = now() where ino = 103$$, $$thule.resolve('/empty') = 103$$),
    ('version_interval', '', $$update thule.dirent_history set op_from = op_to$$, $$not exists (select from thule.dirent_history)$$),
    ('version_interval', '', $$update thule.dirent_history set valid_from = valid_to + interval '1 s'$$,
        $$(select valid_from = fx.at(op_from) and valid_to = fx.at(op_to) from thule.dirent_history)$$),
    ('version_interval', 'op_version,version_interval', $$update thule.inode_history set op_to = 9223372036854775807 where ino = 105 and op_to = 112$$, 'true'),
    ('version_overlap', '', $$insert into thule.inode select * from thule.inode where ino = 103$$, $$thule.resolve('/empty') = 103$$),
    ('version_overlap', '', $$insert into thule.inode select ino, mode, nlink, uid, gid, rdev, 7, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns,
        flags, xattrs, project, target, 110, valid_from from thule.inode where ino = 103$$, $$(select size = 7 from thule.inode where ino = 103)$$),
    ('version_overlap', '', $$insert into thule.dirent select parent, name, 102, cookie + 1000, 110, valid_from from thule.dirent where ino = 103;
        update thule.inode set nlink = 3 where ino = 102$$, $$thule.resolve('/empty') = 102 and thule.resolve('/lost+found/#103') = 103$$),
    ('version_overlap', '', $$insert into thule.dirent_history select parent, name, ino, cookie, 104, valid_from, 107, valid_from
        from thule.dirent where ino = 103$$, $$thule.resolve('/empty') = 103$$),
    ('version_overlap', '', $$insert into thule.xattr_history select ino, name, 'u', 104, valid_from, 109, valid_from from thule.xattr$$,
        $$(select value = 'v' from thule.xattr)$$),
    ('version_gap', '', $$delete from thule.inode_history where ino = 102 and op_from = 104$$,
        $$(select op = 107 from thule.pruned_inode where ino = 102)$$),
    ('version_op', 'version_op', $$delete from thule.op where op = 103$$, 'true'),
    ('op_version', 'op_version', $$select fx.op('chmod', 103)$$, 'true'),
    ('quota_tree', '', $$update thule.inode set project = 7 where ino = 103$$, $$(select project = 0 from thule.inode where ino = 103)$$),
    ('superblock', '', $$update thule.superblock set next_op = 105, next_ino = 105, next_blob = 101$$,
        $$(select (next_op, next_ino, next_blob) = (113, 106, 103) from thule.superblock)$$),
    ('superblock', '', $$insert into thule.superblock (uuid, schema_version, next_op, next_ino, next_blob)
        select uuid, schema_version, next_op + 1, next_ino, next_blob from thule.superblock$$, $$(select count(*) = 1 from thule.superblock)$$),
    ('superblock', 'superblock', $$delete from thule.superblock$$, 'true'),
    ('op_reference', '', $$update thule.op set actor = 5, mount = 99 where op = 105$$, $$thule_internal.op_by(105) = 'unknown (pid 0, user root)'
        or thule_internal.op_by(105) = 'unknown (pid 0, user 0)'$$),
    ('op_reference', 'op_reference', $$update thule.op set kind = 99 where op = 105$$, 'true'),
    ('op_order', '', $$update thule.op set at = at - interval '1 hour' where op = 105$$, $$exists (select from thule.clock_step where op = 105)$$);

select is_empty($$select substr(p.proname, 6) from pg_proc p where p.pronamespace = 'thule_internal'::regnamespace and p.proname like 'fsck\_%'
    and not exists (select from fx.fault f where f.check_id = substr(p.proname, 6))$$, 'each check has a fault that it finds');
select is_empty($$select f.check_id from fx.fault f group by 1
    having bool_or(f.leaves <> f.check_id) <> exists (select from pg_proc p where p.proname = 'repair_' || f.check_id)$$,
    'and a repair where a fault is mended');
select is_empty($$select p.proname from pg_proc p where p.pronamespace = 'thule_internal'::regnamespace and p.proname like 'repair\_%'
    and exists (select from pg_proc c where c.proname = 'fsck_' || substr(p.proname, 8))
    and (select prosrc from pg_proc r where r.oid = 'thule_internal.repair'::regproc) !~ format('''%s''', substr(p.proname, 8))$$,
    'which is called');

create function fx.repairs(fault fx.fault) returns setof text language plpgsql as $$
declare
    found   text[];
    done    jsonb;
    rest    text;
    reasons boolean;
    so      boolean;
    wrong   text;
    tree    text[];
begin
    begin
        execute fault.damage;
        done := pg_temp.run('fsck', '{}');
        found := array(select f ->> 'check_id' from jsonb_array_elements((done -> 'repaired') || (done -> 'left')) f);
        -- The last round of the repair has asked all of thule.fsck.
        select coalesce(string_agg(distinct f ->> 'check_id', ',' order by f ->> 'check_id'), ''), coalesce(bool_and(f ->> 'repair' like 'none: %'), true)
            into rest, reasons from jsonb_array_elements(done -> 'left') f;
        execute 'select ' || fault.mended into so;
        -- What it did by ops can be undone: then there is what there was, and nothing else is wrong.
        if (done ->> 'ops')::bigint > 0 then
            done := done || jsonb_build_object('undo', pg_temp.run('undo', jsonb_build_object('tag', done ->> 'tag')),
                'after', to_jsonb(array(select distinct f.check_id from thule.fsck f)));
            so := so and (done -> 'after') <@ to_jsonb(fault.check_id || string_to_array(fault.leaves, ','));
        end if;
        raise exception sqlstate 'UNDO1';
    exception
        when sqlstate 'UNDO1' then null;
        when others then
            get stacked diagnostics wrong = pg_exception_context;
            wrong := sqlerrm || E'\n' || wrong;
    end;
    return next ok(wrong is null and fault.check_id = any (found) and rest = fault.leaves and reasons and so,
        format('%s: %s', fault.check_id, left(regexp_replace(fault.damage, '\s+', ' ', 'g'), 100)));
    if wrong is not null or not (fault.check_id = any (found) and rest = fault.leaves and reasons and coalesce(so, false)) then
        return next diag(format('%s found %s, left %s, as it should be %s: %s', wrong, found, rest, so, done));
    end if;
end $$;
select fx.repairs(f) from fx.fault f;
select is_empty('select * from thule.fsck', 'and all is sound again');

-- Each is an alteration of which `thule audit verify` names a row; but of what is in no link (docs/audit.md): what comes after the last one, or is no column of it.
create function fx.named(damage text) returns text language plpgsql as $$
declare
    said text;
begin
    begin
        execute damage;
        said := thule_internal.audit_verify(null) -> 'findings' -> 0 ->> 'what';
        raise exception sqlstate 'UNDO1';
    exception when sqlstate 'UNDO1' then
        return said;
    end;
end $$;
select thule_internal.audit_seal('ada');
select matches(fx.named(f.damage), '(op|inode|blob) [0-9]+ .*(altered|removed|put in later|another end|more than once)',
        format('%s is named: %s', f.check_id, left(regexp_replace(f.damage, '\s+', ' ', 'g'), 100)))
    from fx.fault f where f.check_id not in ('superblock', 'quota_tree', 'op_version', 'blob_unused') and f.damage !~ 'set op_to = 200';
select is(fx.named(f.damage), null, f.check_id || ' is none of the chain: what it was about is as it was')
    from fx.fault f where f.check_id in ('superblock', 'quota_tree', 'op_version', 'blob_unused');
-- A superblock that is missing or doubled hides nothing.
select matches(fx.named(damage || $$; update thule.op set name = 'other' where op = 105$$), '^op 105 in thule.op was altered', damage)
    from (values ('delete from thule.superblock'), ('insert into thule.superblock (uuid, schema_version, next_op, next_ino, next_blob)
        select uuid, schema_version, next_op + 1, next_ino, next_blob from thule.superblock')) t (damage);

-- What was done by ops can be undone, and is in the log with who asked.
delete from thule.dirent where name = 'empty';
create temp table answer as select pg_temp.run('fsck', '{"actor": {"uid": 1000, "pid": 77, "comm": "thule", "username": "ada"}}') as r;
select is(thule.resolve('/lost+found/#103'), 103::bigint, 'moved');
select is(r -> 'left', '[]', 'nothing is left') from answer;
select is(r -> 'repaired' -> 0 ->> 'detail', 'nlink is 1, but no name leads to it', 'what was found is kept') from answer;
select results_eq($$select kind, path, pid, username from thule.change where tag = (select r ->> 'tag' from answer) order by op$$,
    $$values ('mkdir', '/lost+found', 77, 'ada'), ('link', '/lost+found/#103', 77, 'ada')$$, 'in the log');
select results_eq('select ino, parent, name from pg_temp.touched where ino in (103, 1) order by 1, 2 nulls first',
    $$values (1::bigint, null::bigint, null::bytea), (103, null, null), (103, (select thule.resolve('/lost+found')), '#103')$$, 'caches are told');
select pg_temp.run('undo', jsonb_build_object('tag', r ->> 'tag')) from answer;
select is(thule.resolve('/lost+found'), null, 'undone');
select is_empty('select * from thule.fsck', 'sound after the undo');
select is((pg_temp.run('fsck', '{}') ->> 'ops')::bigint, 0::bigint, 'nothing to repair');

-- The op that wrote the row, and who.
update thule.inode set nlink = 9 where ino = 102;
select is(f.op, 109::bigint, 'the op of the row') from thule.fsck f;
select is(thule_internal.op_by(f.op), 'vi (pid 4242, user ada)', 'and who did it') from thule.fsck f;

select * from finish();
rollback;
