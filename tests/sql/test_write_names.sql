-- Names made, moved and removed by SQL, with the errnos of the mount (tests/model compares with ext4 at random; here is each rule once).
begin;
\ir fixture.sql
select no_plan();

create function fx.refusal(command text) returns text language plpgsql as $$
begin
    execute command;
    return 'done';
exception when others then
    return case when sqlstate like 'TH%' then substring(sqlerrm from '^[A-Z0-9]+') else sqlstate || ' ' || sqlerrm end;
end $$;

select thule.mkdir('/d'), thule.create('/d/f', 416), thule.symlink('f', '/d/l'), thule.symlink('/nowhere', '/d/out'), thule.symlink('loop', '/d/loop'),
    thule.mkdir('/d/e'), thule.mknod('/d/fifo', 4480), thule.mknod('/d/tty', 8192 + 432, 4, 300), thule.link('/d/f', '/g'), thule.mkdir('/empty');
select is((select string_agg(format('%s %s %s %s', f.path, f.kind, to_hex(f.mode), f.nlink), E'\n' order by f.path) from thule.file f where f.path <> '/'),
E'/d directory 1ed 3\n/d/e directory 1ed 2\n/d/f file 1a0 2\n/d/fifo fifo 180 1\n/d/l symlink 1ff 1\n/d/loop symlink 1ff 1\n/d/out symlink 1ff 1\n/d/tty char 1b0 1\n'
    '/empty directory 1ed 2\n/g file 1a0 2', 'all that can be made');
select is((select nlink from thule.inode where ino = 1), 4, 'a directory counts its directories');
select is((select thule_internal.device_text(rdev) from thule.inode where ino = thule.resolve('/d/tty')), '4:300', 'a device is encoded as the kernel has it');
select is((select size::bigint from thule.inode where ino = thule.resolve('/d/out')), 8::bigint, 'a link is as long as its target');
select is((select o.op_from from thule.inode o where o.ino = thule.resolve('/d')), (select max(d.op_from) from thule.dirent d where d.parent = thule.resolve('/d')),
    'a directory has a version from each name on');

select is(fx.refusal(command), errno, command || ': ' || errno)
from (values
    ('select thule.create(''/d/f'')', 'EEXIST'), ('select thule.create(''/d/x/'')', 'EISDIR'), ('select thule.create(''/'')', 'EEXIST'),
    ('select thule.create(''/no/x'')', 'ENOENT'), ('select thule.create(''/d/f/x'')', 'ENOTDIR'), ('select thule.create(''/d/l/x'')', 'ENOTDIR'),
    ('select thule.create(''/d/loop/x'')', 'ELOOP'), ('select thule.create(''/d/out/x'')', 'EXDEV'),
    ('select thule.create(''/d/'' || repeat(''n'', 256))', 'ENAMETOOLONG'), ('select thule.create(''/'' || repeat(''n'', 256) || ''/x'')', 'ENAMETOOLONG'),
    ('select thule.create(''/d/a\x00'')', 'EINVAL'), ('select thule.create(''/d/a\x2fb'')', 'EINVAL'), ('select thule.create(''/d/x'', 99999)', 'EINVAL'),
    ('select thule.create(1, ''a/b'')', 'EINVAL'), ('select thule.create(1, ''..'')', 'EINVAL'), ('select thule.create(1, null)', 'EINVAL'),
    ('select thule.create(thule.resolve(''/g''), ''x'')', 'ENOTDIR'), ('select thule.create(99999, ''x'')', 'ESTALE'),
    ('select thule.mkdir(''/d/l'')', 'EEXIST'), ('select thule.mkdir(''/'')', 'EEXIST'), ('select thule.mkdir(''/d/..'')', 'EEXIST'),
    ('select thule.mknod(''/d/x/'', 4480)', 'ENOENT'), ('select thule.mknod(''/d/x'', 16877)', 'EPERM'), ('select thule.mknod(''/d/x'', 40960)', 'EINVAL'),
    ('select thule.mknod(''/d/x'', 8192, 5000)', 'EINVAL'),
    ('select thule.symlink('''', ''/d/x'')', 'ENOENT'), ('select thule.symlink(repeat(''t'', 4096), ''/d/x'')', 'ENAMETOOLONG'),
    ('select thule.symlink(''t'', ''/d/f'')', 'EEXIST'), ('select thule.symlink(''t'', ''/d/x/'')', 'ENOENT'),
    ('select thule.link(''/d'', ''/x'')', 'EPERM'), ('select thule.link(''/none'', ''/x'')', 'ENOENT'), ('select thule.link(''/g'', ''/d/l'')', 'EEXIST'),
    ('select thule.link(''/g'', ''/x/'')', 'ENOENT'), ('select thule.link(''/g/'', ''/x'')', 'ENOTDIR'),
    ('select thule.unlink(''/d'')', 'EISDIR'), ('select thule.unlink(''/d/'')', 'EISDIR'), ('select thule.unlink(''/d/f/'')', 'ENOTDIR'),
    ('select thule.unlink(''/d/l/'')', 'ENOTDIR'), ('select thule.unlink(''/none'')', 'ENOENT'), ('select thule.unlink(''/'')', 'EISDIR'),
    ('select thule.unlink(''/d/.'')', 'EISDIR'),
    ('select thule.rmdir(''/d'')', 'ENOTEMPTY'), ('select thule.rmdir(''/g'')', 'ENOTDIR'), ('select thule.rmdir(''/'')', 'EBUSY'),
    ('select thule.rmdir(''/d/.'')', 'EINVAL'), ('select thule.rmdir(''/d/..'')', 'ENOTEMPTY'), ('select thule.rmdir(''/none'')', 'ENOENT'),
    ('select thule.rename(''/d'', ''/d/e/x'')', 'EINVAL'), ('select thule.rename(''/d'', ''/d/e'')', 'EINVAL'), ('select thule.rename(''/d/e'', ''/d'')', 'ENOTEMPTY'),
    ('select thule.rename(''/d/e'', ''/d'', 2)', 'EINVAL'), ('select thule.rename(''/empty'', ''/d'')', 'ENOTEMPTY'),
    ('select thule.rename(''/g'', ''/empty'')', 'EISDIR'), ('select thule.rename(''/empty'', ''/g'')', 'ENOTDIR'), ('select thule.rename(''/g/'', ''/x'')', 'ENOTDIR'),
    ('select thule.rename(''/g'', ''/x/'')', 'ENOTDIR'), ('select thule.rename(''/none'', ''/x'')', 'ENOENT'), ('select thule.rename(''/g'', ''/no/x'')', 'ENOENT'),
    ('select thule.rename(''/g'', ''/d/l'', 1)', 'EEXIST'), ('select thule.rename(''/g'', ''/none'', 2)', 'ENOENT'), ('select thule.rename(''/g'', ''/x'', 3)', 'EINVAL'),
    ('select thule.rename(''/g'', ''/x'', 4)', 'EINVAL'), ('select thule.rename(''/'', ''/x'')', 'EBUSY'), ('select thule.rename(''/g'', ''/'')', 'EBUSY'),
    ('select thule.rename(''/g'', ''/d/..'', 1)', 'EEXIST')
) c (command, errno);

-- Renames.
select max(op) as last from thule.op \gset
select is(thule.rename('/g', '/d/f'), thule.resolve('/g'), 'two names of one file:');
select is((select max(op) from thule.op), :last::bigint, 'nothing is done');
select thule.rename('/d/e', '/empty');
select is((select nlink from thule.inode where ino = thule.resolve('/d')), 2, 'a directory that moves leaves its parent with one less');
select is((select nlink from thule.inode where ino = 1), 4, 'and replaces one where it goes');
select thule.rename('/d', '/empty/d');
select is(thule.resolve('/empty/d/l'), (select ino::bigint from thule.dirent where name = 'l'), 'what is below it goes along');
select cookie as cookie from thule.dirent where parent = 1 and name = 'g' \gset
select thule.rename('/g', '/h');
select is((select cookie::bigint from thule.dirent where parent = 1 and name = 'h'), :cookie::bigint, 'in one directory a name keeps its place');
select thule.rename('/h', '/empty', 2);
select is((select array_agg(kind order by path) from thule.file where path in ('/h', '/empty')), array['file', 'directory'], 'exchanged');
select thule.rename('/h/d', '/empty', 2);
select is((select string_agg(path || ' ' || nlink, ',' order by path) from thule.file where kind = 'directory'), '/ 4,/empty 2,/h 2',
    'also between a directory and a file, with their counts');
select is((select kind from thule.change order by op desc limit 1), 'exchange', 'which is an op of its own kind');
select is(fx.refusal('select thule.unlink(1, ''nothing'')'), 'ENOENT', 'by number and name');
select thule.rename(1, 'empty', thule.resolve('/h'), 'moved', 1);
select ok(thule.resolve('/h/moved/l') is not null, 'a rename by numbers');

-- What goes.
select thule.resolve('/h/moved/f') as f \gset
select thule.unlink('/h/moved/f');
select is((select nlink from thule.inode where ino = :f), 1, 'a file with two names has one left');
select thule.unlink('/h/d');
select is((select count(*) from thule.inode where ino = :f), 0::bigint, 'and goes with the last, since nothing is mounted');
select is((select count(*) from thule.inode_history where ino = :f and op_to = (select max(op) from thule.op)), 1::bigint, 'but is past');
insert into thule.mount (host, boot_id, pid, mountpoint, source, options, version, read_only, backend) values ('h', 'b', 1, '/mnt', 's', '', '', false, 1);
select thule.unlink('/h/moved/fifo') as fifo \gset
select is((select nlink from thule.inode where ino = :fifo), 0, 'while there is a mount that may have it open it stays without a name');
update thule.mount set ended_at = now() where ended_at is null;
delete from thule.inode where ino = :fifo;

-- Groups, flags and access lists of a directory go to what is made in it.
select thule.mkdir('/s') as s \gset
update thule.inode set mode = mode | 1024, gid = 77, flags = 64 where ino = :s;
insert into thule.xattr (ino, name, value, op_from, valid_from) select :s, 'system.posix_acl_default', decode('02000000'
    '01000700ffffffff02000600a10f000004000500ffffffff10000700ffffffff20000000ffffffff', 'hex'), op, at from thule.op order by op desc limit 1;
update thule.inode set xattrs = 1 where ino = :s;
select thule.create('/s/f', 438), thule.mkdir('/s/d', 511), thule.symlink('x', '/s/l');
select is((select string_agg(format('%s %s %s %s %s', d.name, to_hex(i.mode), i.gid, i.flags, i.xattrs), ',' order by d.name)
    from thule.dirent d join thule.inode i on i.ino = d.ino where d.parent = :s),
    '\x64 45f8 77 64 2,\x66 81b0 77 64 1,\x6c a1ff 77 64 0', 'group, set-group-id bit, flags and access lists are handed down');
select is((select encode(value, 'hex') from thule.xattr x where x.ino = thule.resolve('/s/f')),
    '0200000001000600ffffffff02000600a10f000004000500ffffffff10000600ffffffff20000000ffffffff', 'the list as the mode narrows it');
update thule.inode set flags = 32 where ino = :s;
select is(fx.refusal(command), errno, command || ' where only new names may be: ' || errno)
from (values ('select thule.create(''/s/new'')', 'done'), ('select thule.unlink(''/s/new'')', 'EPERM'), ('select thule.rename(''/s/new'', ''/x'')', 'EPERM'),
    ('select thule.rename(''/h/moved/l'', ''/s/new'')', 'EPERM'), ('select thule.chmod(''/s'', 0)', 'EPERM')) c (command, errno);
update thule.inode set flags = 16 where ino = :s;
select is(fx.refusal('select thule.create(''/s/y'')'), 'EPERM', 'nor are there in an immutable directory');
update thule.inode set flags = 0, mode = mode & ~1024, gid = 0 where ino = :s;

-- Undo takes back what SQL did, as anything else.
set local thule.tag = 'sweep';
select thule.rename('/s/d', '/moved'), thule.chmod('/s/f', 0), thule.unlink('/s/l'), thule.create('/made');
set local thule.tag = '';
set constraints all immediate;
select is((select count(*) from thule.change where tag = 'sweep'), 4::bigint, 'what SQL did is found by its tag');
insert into thule.request (kind, args) values ('undo', '{"tag": "sweep"}') returning id as request \gset
select thule_internal.lease_take();
select thule_internal.perform(:request);
select is((select string_agg(path, ' ' order by path) from thule.file where path like '/s/%' or path in ('/moved', '/made')), '/s/d /s/f /s/l /s/new', 'and taken back');
select is((select to_hex(mode) from thule.file where path = '/s/f'), '1b0', 'modes too');

select is((select string_agg(check_id || ' ' || detail, E'\n') from thule.fsck where check_id not in ('version_gap', 'version_op', 'op_version')), null, 'all of it is sound');
select * from finish();
rollback;
