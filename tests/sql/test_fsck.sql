-- thule.fsck: nothing on a sound tree, and each planted violation, alone.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();
select fx.write('/dir/file', 3, 'abc');
select fx.truncate('/dir/file', 5);
select fx.create('/gone');
select fx.write('/gone', 0, 'bytes');
select fx.unlink('/gone');
insert into thule.xattr values (102, 'user.a', 'v', 107, fx.at(107));
update thule.inode set xattrs = 1 where ino = 102;
insert into thule.xattr_history values (102, 'user.a', 'u', 103, fx.at(103), 107, fx.at(107));
select is_empty('select * from thule.fsck', 'a sound tree');

select columns_are('thule', 'fsck', array['check_id', 'severity', 'ino', 'detail', 'op', 'repair']);
select is_empty($$select proname from pg_proc where pronamespace = 'thule_internal'::regnamespace and proname like 'fsck\_%'
        and pg_get_viewdef('thule.fsck'::regclass) !~ ('thule_internal\.' || proname || '\M')$$,
    'every check is in the union');
select is((select count(*) from pg_proc where pronamespace = 'thule_internal'::regnamespace and proname like 'fsck\_%'),
    (select count(*) from regexp_matches(pg_get_viewdef('thule.fsck'::regclass), 'thule_internal\.fsck_', 'g')),
    'and there is nothing else in it');

-- Runs damage, and compares what fsck says then; the damage is undone whatever comes of it.
create function fx.finds(damage text, expected text, what text) returns text language plpgsql as $$
declare got text;
begin
    begin
        execute damage;
        select string_agg(format('%s %s %s', f.check_id, f.severity, f.ino), ', ' order by f.check_id, f.ino) into got
            from thule.fsck f;
        raise exception sqlstate 'UNDO1';
    exception when sqlstate 'UNDO1' then
        null;
    end;
    return is(got, expected, what);
end $$;

-- What cannot be is refused by the tables themselves, history included; then, without what keeps it out, found.
create table fx.impossible (damage text, finds text);
insert into fx.impossible values
    ($$update thule.inode set ino = 2::bigint ^ 62 where ino = 103$$, null),
    ($$update thule.inode set mode = 420 where ino = 103$$, 'inode_attribute error 103'),
    ($$update thule.inode set mode = -1 where ino = 103$$, 'inode_attribute error 103'),
    ($$update thule.inode set uid = -1 where ino = 103$$, 'inode_attribute error 103'),
    ($$update thule.inode set gid = 4294967295 where ino = 103$$, 'inode_attribute error 103'),
    ($$update thule.inode set rdev = 4294967296 where ino = 103$$, 'inode_attribute error 103'),
    ($$update thule.inode set size = 9223372036854775807 where ino = 103$$, 'inode_attribute error 103'),
    ($$update thule.inode set allocated = -4096 where ino = 103$$, 'inode_attribute error 103'),
    ($$update thule.inode set project = -1 where ino = 103$$, null),
    ($$update thule.inode set target = repeat('x', 9000)::bytea, size = 9000 where ino = 104$$, 'inode_attribute error 104'),
    ($$update thule.inode set target = 'a\000b', size = 3 where ino = 104$$, 'inode_attribute error 104'),
    ($$update thule.inode_history set size = -1 where ino = 105$$, null),
    ($$update thule.dirent set name = repeat('x', 3000)::bytea where name = 'empty'$$, 'dirent_name error 103'),
    ($$update thule.dirent_history set name = 'a/b'$$, 'dirent_name error 105'),
    ($$update thule.dirent set cookie = -1 where name = 'empty'$$, 'dirent_cookie error 103'),
    ($$update thule.extent set file_off = 9223372036854775807 where ino = 102 and file_off = 3$$, null),
    ($$update thule.extent set len = 9223372036854775807 where ino = 102 and file_off = 3$$, null),
    ($$update thule.xattr set name = repeat('x', 256)::bytea$$, 'xattr_text error 102'),
    ($$update thule.xattr set value = repeat('x', 65537)::bytea$$, 'xattr_text error 102'),
    ($$update thule.xattr_history set name = ''$$, 'xattr_text error 102'),
    ($$update thule.superblock set next_ino = 1::bigint << 62$$, 'superblock error ');
select throws_ok(damage, '23514', null, 'refused: ' || damage) from fx.impossible;

select fx.unchecked();
select fx.finds(damage, finds, damage) from fx.impossible where finds is not null;
-- What is found elsewhere, too.
create function fx.found(damage text, wanted text) returns text language plpgsql as $$
declare got boolean;
begin
    begin
        execute damage;
        select coalesce(bool_or(f.check_id = wanted), false) into got from thule.fsck f;
        raise exception sqlstate 'UNDO1';
    exception when sqlstate 'UNDO1' then
        null;
    end;
    return ok(got, wanted || ': ' || damage);
end $$;
select fx.found(damage, case when damage ~ 'extent' then 'extent_range' else 'inode_attribute' end)
    from fx.impossible where finds is null;

select fx.finds(d, e, w) from (values
    ($$delete from thule.dirent where name = 'empty'$$, 'inode_orphan error 103', 'an inode that lost its name'),
    ($$update thule.inode set nlink = 0 where ino = 103; delete from thule.dirent where name = 'empty'$$,
        'inode_orphan warning 103', 'an open file that nobody can have open'),
    ($$update thule.inode set nlink = 0 where ino = 103; delete from thule.dirent where name = 'empty';
        update thule.mount set ended_at = null$$, null, 'an open file while there is a mount'),
    ($$update thule.inode set mode = mode & 4095 where ino = 103$$, 'inode_attribute error 103', 'a mode without type'),
    ($$update thule.inode set size = -1 where ino = 103$$, 'inode_attribute error 103', 'a negative size'),
    ($$update thule.inode set target = null where ino = 104$$, 'inode_attribute error 104', 'a link without target'),
    ($$update thule.inode set size = 7 where ino = 104$$, 'inode_attribute error 104', 'a link of the wrong size'),
    ($$delete from thule.inode where ino = 103$$, 'dirent_dangling error 103, op_version error 103', 'a name without its inode'),
    ($$insert into thule.dirent values (77, 'x', 104, 3, 16, now()); update thule.inode set nlink = 2 where ino = 104$$,
        'dirent_dangling error 104', 'a name in a directory that is not there'),
    ($$insert into thule.dirent values (103, 'x', 104, 3, 16, now()); update thule.inode set nlink = 2 where ino = 104$$,
        'dirent_dangling error 104', 'a name in a file'),
    ($$update thule.dirent set name = 'a/b' where name = 'empty'$$, 'dirent_name error 103', 'a slash in a name'),
    ($$update thule.dirent set name = '' where name = 'empty'$$, 'dirent_name error 103', 'an empty name'),
    ($$update thule.dirent set name = '..' where name = 'empty'$$, 'dirent_name error 103', 'the name ..'),
    ($$update thule.dirent set name = '\x00' where name = 'empty'$$, 'dirent_name error 103', 'a zero byte in a name'),
    ($$update thule.dirent set name = repeat('x', 256)::bytea where name = 'empty'$$, 'dirent_name error 103',
        'a name of 256 bytes'),
    ($$update thule.dirent set name = repeat('x', 255)::bytea where name = 'empty'$$, null, 'a name of 255 bytes'),
    ($$update thule.dirent set cookie = 2 where name = 'empty'$$, 'dirent_cookie error 103', 'a cookie of ..'),
    ($$update thule.dirent set cookie = 50 where parent = 1 and name in ('empty', 'link')$$, 'dirent_cookie error 1',
        'a cookie used twice'),
    ($$update thule.inode set nlink = 1 where ino = 102$$, 'nlink error 102', 'a link count too low'),
    ($$update thule.inode set nlink = 0 where ino = 103$$, 'nlink error 103', 'nlink 0 with a name'),
    ($$update thule.inode set nlink = 2 where ino = 1$$, 'nlink error 1', 'the root''s link count'),
    ($$update thule.inode set nlink = 4 where ino = 100$$, 'nlink error 100', 'a directory''s link count'),
    ($$insert into thule.dirent values (1, 'again', 101, 3, 16, now()); update thule.inode set nlink = 4 where ino = 1$$,
        'directory_names error 101', 'a directory with two names'),
    ($$update thule.dirent set parent = 101 where name = 'dir'; update thule.inode set nlink = 2 where ino = 1;
        update thule.inode set nlink = 3 where ino = 101$$,
        'directory_unreachable error 100, directory_unreachable error 101', 'directories that contain each other'),
    ($$insert into thule.dirent values (101, 'up', 1, 3, 16, now()); update thule.inode set nlink = 3 where ino = 101$$,
        'root error 1', 'the root below itself'),
    ($$update thule.inode set mode = 33188 where ino = 1$$,
        'dirent_dangling error 100, dirent_dangling error 103, dirent_dangling error 104, root error 1',
        'a root that is a file'),
    ($$update thule.extent set file_off = 1 where ino = 102 and file_off = 3$$, 'extent_overlap error 102',
        'extents that overlap'),
    ($$update thule.extent set len = 3, blob_off = 0 where ino = 102 and file_off = 3$$,
        'extent_inode error 102, extent_version error 102', 'an extent that ends past the size'),
    ($$update thule.extent set file_off = 9 where ino = 102 and file_off = 3$$,
        'extent_inode error 102, extent_version error 102', 'an extent that begins past the size'),
    ($$update thule.extent set ino = 104 where file_off = 3$$, 'extent_inode error 104', 'an extent of a symbolic link'),
    ($$update thule.extent set ino = 55 where file_off = 3$$, 'extent_inode error 55', 'an extent of nothing'),
    ($$update thule.extent set len = 0 where file_off = 3$$, 'extent_range error 102', 'an empty extent'),
    ($$update thule.extent_history set blob_off = -1$$,
        'extent_range error 102, extent_range error 102, extent_range error 102, extent_range error 105',
        'a negative offset in the past'),
    ($$update thule.inode set size = 131100 where ino = 103; insert into thule.blob values (150, repeat('x', 131073)::bytea);
        update thule.superblock set next_blob = 151;
        insert into thule.extent values (103, 0, 131073, 150, 0, 16)$$, 'extent_range error 103',
        'an extent of more than 128 KiB'),
    ($$delete from thule.blob where id = (select blob from thule.extent_history where ino = 105)$$,
        'extent_blob error 105', 'a blob that the past lacks'),
    ($$update thule.blob set data = 'a' where id = (select blob from thule.extent where file_off = 3)$$,
        'extent_blob error 102, extent_blob error 102', 'a blob that is too short, now and in the past'),
    ($$insert into thule.blob values (150, 'lost'); update thule.superblock set next_blob = 151$$, 'blob_unused warning ',
        'a blob that nothing refers to'),
    ($$update thule.xattr set ino = 55; delete from thule.xattr_history$$, 'xattr_count error 102, xattr_inode error 55',
        'an attribute of nothing'),
    ($$update thule.inode set xattrs = 1 where ino = 103$$, 'xattr_count error 103', 'attributes that are not there'),
    ($$update thule.inode set xattrs = 0 where ino = 102$$, 'xattr_count error 102', 'attributes that are not counted'),
    ($$update thule.inode set op_to = 200 where ino = 103$$, 'version_interval error 103', 'a present version that ended'),
    ($$update thule.dirent set valid_to = now() where ino = 103$$, 'version_interval error 103',
        'a present version that ended, by time'),
    ($$update thule.dirent_history set op_from = op_to$$, 'version_interval error 105', 'a version that lasted for no op'),
    ($$update thule.dirent_history set valid_from = valid_to + interval '1 s'$$, 'version_interval error 105',
        'a version that ended before it began'),
    ($$insert into thule.inode_history select * from thule.inode where ino = 103;
        update thule.inode_history set op_to = op_from + 1, valid_to = valid_from where ino = 103$$,
        'version_overlap error 103', 'an ended inode version within the present one'),
    ($$insert into thule.inode select ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, flags, xattrs,
        project, target, op_from + 1, valid_from from thule.inode where ino = 103$$, 'version_overlap error 103', 'two present versions of an inode'),
    ($$insert into thule.dirent_history select parent, name, ino, cookie, op_from - 2, valid_from, op_from + 1, valid_from
        from thule.dirent where ino = 103$$, 'version_overlap error 103', 'versions of a name that overlap'),
    ($$insert into thule.dirent select parent, name, 102, cookie + 1000, op_from + 1, valid_from from thule.dirent where ino = 103;
        update thule.inode set nlink = nlink + 1 where ino = 102$$, 'version_overlap error 103', 'two present names that are the same'),
    ($$update thule.xattr_history set op_to = 108$$, 'version_overlap error 102', 'versions of an attribute that overlap'),
    ($$update thule.extent_history set op_to = 10000 where ino = 102 and file_off = 3$$,
        'extent_version error 102, extent_version error 102, version_op error 102', 'versions of bytes that overlap, one ended and one present'),
    ($$update thule.inode set nlink = -1 where ino = 103$$, 'inode_attribute error 103, nlink error 103', 'a negative link count'),
    ($$update thule.inode set xattrs = -1 where ino = 103$$, 'inode_attribute error 103, xattr_count error 103', 'a negative count of attributes'),
    ($$update thule.inode set target = 'x' where ino = 103$$, 'inode_attribute error 103', 'a target of what is no symbolic link'),
    ($$update thule.extent_history set blob_off = 9223372036854775807 where ino = 105$$, 'extent_range error 105', 'a blob cannot have these bytes'),
    ($$update thule.superblock set next_op = 111$$, 'superblock error ', 'an op above the mark'),
    ($$update thule.superblock set next_ino = 105$$, 'superblock error ', 'an inode of the past above the mark'),
    ($$update thule.superblock set next_blob = 101$$, 'superblock error ', 'a blob above the mark'),
    ($$delete from thule.superblock$$, 'superblock error ', 'no superblock'),
    ($$insert into thule.superblock (uuid, schema_version, next_op, next_ino, next_blob)
        select uuid, schema_version, next_op + 1, next_ino, next_blob from thule.superblock$$, 'superblock error ', 'a second superblock'),
    ('update thule.superblock set pruned_op = next_op + 1', 'superblock error ', 'pruned beyond the last op'),
    ('update thule.superblock set swept_op = -1', 'superblock error ', 'swept before the first op'),
    ($$update thule.op set actor = 5 where op = 105$$, 'op_reference error 103', 'an op of an unknown actor'),
    ($$update thule.op set kind = 99 where op = 105$$, 'op_reference error 103', 'an op of an unknown kind'),
    ($$update thule.op set mount = 99 where op = 105$$, 'op_reference error 103', 'an op of an unknown mount'),
    ($$update thule.op set parent = 1, name = null where op = 105$$, 'op_reference error 103', 'an op of a directory without a name'),
    ($$update thule.op set new_parent = 1, new_name = null where op = 105$$, 'op_reference error 103', 'an op with half a new name'),
    ($$update thule.op set at = at - interval '1 hour' where op = 105$$, 'op_order warning 103', 'an op before its time')
) t (d, e, w);
select is_empty('select * from thule.fsck', 'and it is sound again');

delete from thule.inode where ino = 1;
select ok(exists (select from thule.fsck where check_id = 'root'), 'no root at all');

-- `thule fsck` asks the checks one by one, to tell how far it is.
select results_eq('select * from thule_internal.check_all() order by 1, 3, 4', 'select * from thule.fsck order by 1, 3, 4', 'all checks one by one find the same');

select * from finish();
rollback;
