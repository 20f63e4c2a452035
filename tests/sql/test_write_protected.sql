-- What Debian's kernel refuses in sticky directories that everybody may write, SQL refuses as well: links of others at the end of a path (fs.protected_symlinks),
-- files of others where one was going to be made (fs.protected_regular), other names for files of others (fs.protected_hardlinks).
begin;
\ir fixture.sql
select no_plan();
grant usage on schema fx to public;
create role writes_as_5;
create role writes_as_6;
create role writes_as_root;
select thule_internal.role_grant('writer', 'writes_as_5', 5, 5, '{}', 'a test'), thule_internal.role_grant('writer', 'writes_as_6', 6, 6, '{}', 'a test'),
    thule_internal.role_grant('writer', 'writes_as_root', 0, 0, '{}', 'a test') \g /dev/null
create function fx.outcome(command text) returns text language plpgsql as $$
begin
    execute command;
    return 'done';
exception when others then
    return substring(sqlerrm from '^[A-Z0-9]+');
end $$;

-- Directories by owner and mode, in each of them links of 5, of 6 and of the owner to one file, and to a link of 6 that leads there.
select thule.mkdir('/real', 511), thule.put('/real/file', 'bytes', 438) \g /dev/null
create table fx.dir (name text, mode integer, owner bigint);
insert into fx.dir values ('tmp', 1023, 0), ('of5', 1023, 5), ('plain', 511, 0), ('group', 1021, 0), ('closed', 1016, 6);
select thule.mkdir('/' || d.name, d.mode & 511) from fx.dir d \g /dev/null
select thule.symlink('../real/file', format('/%s/link%s', d.name, u)), thule.symlink('../real', format('/%s/to-dir%s', d.name, u)), thule.put(format('/%s/file%s', d.name, u), 'x', 438)
    from fx.dir d, unnest(array[0, 5, 6]) u \g /dev/null
select thule.symlink('link6', format('/%s/chain', d.name)) from fx.dir d \g /dev/null
update thule.inode i set uid = substring(f.path from '\d$')::bigint, gid = substring(f.path from '\d$')::bigint from thule.file f where f.ino = i.ino and f.path ~ '\D[056]$';
update thule.inode i set uid = d.owner, mode = 16384 | d.mode from fx.dir d where i.ino = thule.resolve('/' || d.name);
update thule.inode i set uid = 5 where i.ino in (select f.ino from thule.file f where f.path like '%/chain');
create function fx.try(role text, command text) returns text language plpgsql as $$
declare
    answer text;
begin
    execute format('set local role %I', role);
    answer := fx.outcome(command);
    reset role;
    return answer;
end $$;

-- Who follows, whose link, in which directory.
create table fx.expected (role text, path text, answer text);
insert into fx.expected values
    ('writes_as_5', '/tmp/link5', 'done'), ('writes_as_5', '/tmp/link0', 'done'), ('writes_as_5', '/tmp/link6', 'EACCES'), ('writes_as_5', '/tmp/chain', 'EACCES'),
    ('writes_as_6', '/tmp/link6', 'done'), ('writes_as_6', '/tmp/link5', 'EACCES'), ('writes_as_root', '/tmp/link5', 'EACCES'), ('writes_as_root', '/tmp/link0', 'done'),
    ('owner', '/tmp/link5', 'EACCES'), ('owner', '/tmp/link0', 'done'), ('owner', '/of5/link5', 'done'), ('owner', '/of5/link6', 'EACCES'),
    ('writes_as_6', '/of5/link5', 'done'), ('writes_as_6', '/of5/link0', 'EACCES'),
    ('writes_as_5', '/plain/link6', 'done'), ('writes_as_5', '/plain/chain', 'done'), ('writes_as_5', '/group/link6', 'done'), ('owner', '/closed/link5', 'done'),
    ('writes_as_5', '/tmp/to-dir6/file', 'done'), ('owner', '/tmp/to-dir6/file', 'done');
select is(fx.try(e.role, format('select thule.write(%L, 0, ''y'')', e.path)), e.answer, format('%s writes to %s: %s', e.role, e.path, e.answer)) from fx.expected e;
select is(fx.try('writes_as_5', command), answer, command || ': ' || answer) from (values
    ('select thule.chmod(''/tmp/link6'', 511)', 'EACCES'), ('select thule.truncate(''/tmp/link6'', 1)', 'EACCES'), ('select thule.put(''/tmp/link6'', ''z'')', 'EACCES'),
    ('select thule.append(''/tmp/link6'', ''z'')', 'EACCES'), ('select thule.append(''/tmp/to-dir6/'', ''z'')', 'EACCES'), ('select thule.append(''/tmp/to-dir6/.'', ''z'')', 'EISDIR'),
    ('select thule.utimens(''/tmp/link6'', now(), now(), false)', 'EPERM'), ('select thule.unlink(''/tmp/link6'')', 'EPERM'), ('select thule.put(''/real/file'', ''z'')', 'done')) c (command, answer);

-- Files that are put where there is one.
select is(fx.try(role, format('select thule.put(%L, ''z'')', path)), answer, format('%s puts %s: %s', role, path, answer)) from (values
    ('writes_as_5', '/tmp/file5', 'done'), ('writes_as_5', '/tmp/file0', 'done'), ('writes_as_5', '/tmp/file6', 'EACCES'), ('owner', '/tmp/file6', 'EACCES'),
    ('owner', '/group/file6', 'EACCES'), ('owner', '/of5/file5', 'done'), ('owner', '/of5/file6', 'EACCES'), ('writes_as_5', '/plain/file6', 'done')) c (role, path, answer);
select is(fx.try('writes_as_5', 'select thule.write(''/tmp/file6'', 0, ''z'')'), 'done', 'what is there may be written: nothing was going to be made');

-- Other names: of what the user could read and write.
select is(fx.try(role, format('select thule.link(%L, %L)', path, '/plain/' || role || replace(path, '/', '-'))), answer, format('%s links %s: %s', role, path, answer)) from (values
    ('writes_as_5', '/tmp/file6', 'done'), ('writes_as_5', '/tmp/link6', 'EPERM'), ('writes_as_6', '/tmp/link6', 'done'), ('owner', '/tmp/link6', 'done')) c (role, path, answer);
update thule.inode i set mode = 33188 where i.ino = thule.resolve('/tmp/file6');
select is(fx.try('writes_as_5', 'select thule.link(''/tmp/file6'', ''/plain/readable'')'), 'EPERM', 'not of what may only be read');
update thule.inode i set mode = 33206 | 2048 where i.ino = thule.resolve('/tmp/file6');
select is(fx.try('writes_as_5', 'select thule.link(''/tmp/file6'', ''/plain/set-id'')'), 'EPERM', 'nor of what gives rights');

select * from finish();
rollback;
