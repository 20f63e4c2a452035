-- A filesystem in SQL, for tests: fx.* do to the tables what the daemon's batches do, one op a call, at one second
-- an op from 2024-01-01 00:00:00+00 on. Used with \ir inside a test's transaction, which rolls it back.
-- Paths are as thule_internal.path_names takes them. Every function returns the op.

create schema fx;

-- The root is as old as the first op of the test, not as its installation.
update thule.op set at = '2024-01-01 00:00:00+00';
update thule.inode set valid_from = '2024-01-01 00:00:00+00';

insert into thule.actor (id, host, boot_id, pid, start_time, ppid, uid, gid, exe, comm, cmdline, cgroup, username)
values (17, 'north', 'boot', 4242, 1, 1, 1000, 1001, '/usr/bin/vi', 'vi', 'vi a file', '/', 'ada'),
       (18, 'north', 'boot', 4343, 1, 1, 1002, 1002, '/bin/sh', 'sh', 'sh -c x', '/', null);
update thule.superblock set next_op = 100, next_ino = 100, next_blob = 100;

create table fx.setting (actor bigint not null, tag text);
insert into fx.setting values (17, null);

-- The time of an op: its number in seconds.
create function fx.at(op bigint) returns timestamptz language sql
return '2024-01-01 00:00:00+00'::timestamptz + op * interval '1 second';

create function fx.next(mark text) returns bigint language plpgsql as $$
declare id bigint;
begin
    execute format('update thule.superblock set %1$I = %1$I + 1 returning %1$I - 1', mark) into id;
    return id;
end $$;

create function fx.op(kind text, ino bigint, parent bigint default null, name bytea default null,
    new_parent bigint default null, new_name bytea default null, off bigint default null, len bigint default null)
returns bigint language plpgsql as $$
declare new_op bigint := fx.next('next_op');
begin
    insert into thule.op (op, at, kind, ino, parent, name, new_parent, new_name, off, len, actor, mount, tag)
        select new_op, fx.at(new_op), k.id, op.ino, op.parent, op.name, op.new_parent, op.new_name, op.off, op.len, s.actor,
            (select min(m.id) from thule.mount m), s.tag
        from thule.op_kind k, fx.setting s where k.name = kind;
    return new_op;
end $$;

-- Ends the present version of an inode, and begins the next unless it is gone.
create function fx.end_inode(i bigint, o bigint, gone boolean default false) returns void language plpgsql as $$
begin
    insert into thule.inode_history
        select ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, flags, xattrs,
            project, target, op_from, valid_from, o, fx.at(o)
        from thule.inode where ino = i and op_from < o;
    if gone then
        delete from thule.inode where ino = i;
    else
        update thule.inode set op_from = o, valid_from = fx.at(o) where ino = i;
    end if;
end $$;

create function fx.end_name(p bigint, n bytea, o bigint) returns void language plpgsql as $$
begin
    insert into thule.dirent_history
        select parent, name, ino, cookie, op_from, valid_from, o, fx.at(o)
        from thule.dirent where parent = p and name = n;
    delete from thule.dirent where parent = p and name = n;
end $$;

create function fx.add_name(p bigint, n bytea, i bigint, o bigint) returns void language sql
begin atomic
    insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
        values (p, n, i, o * 2 + (select count(*) from thule.dirent where parent = p and cookie / 2 = o), o, fx.at(o));
end;

create function fx.dir_of(path text) returns bigint language sql
return thule.resolve(regexp_replace(path, '/[^/]*$', '/'));

create function fx.name_of(path text) returns bytea language sql
return thule.unescape_name(substring(path from '[^/]*$'));

-- Ends the extents within [a, b): what lies outside of it stays, as it was. b null: to the end.
create function fx.cut(i bigint, a bigint, b bigint, o bigint) returns void language plpgsql as $$
declare e record;
begin
    for e in select * from thule.extent x where x.ino = i and x.file_off < coalesce(b, 9223372036854775807)
        and x.file_off + x.len > a
    loop
        delete from thule.extent x where x.ino = i and x.file_off = e.file_off;
        insert into thule.extent_history values (i, greatest(e.file_off, a),
            least(e.file_off + e.len, coalesce(b, e.file_off + e.len)) - greatest(e.file_off, a), e.blob,
            e.blob_off + greatest(a - e.file_off, 0), e.op_from, o);
        if e.file_off < a then
            insert into thule.extent values (i, e.file_off, a - e.file_off, e.blob, e.blob_off, e.op_from);
        end if;
        if e.file_off + e.len > b then
            insert into thule.extent values (i, b, e.file_off + e.len - b, e.blob, e.blob_off + b - e.file_off,
                e.op_from);
        end if;
    end loop;
end $$;

-- create, mkdir, symlink and mknod.
create function fx.make(kind text, path text, mode integer, target bytea default null) returns bigint
language plpgsql as $$
declare
    p bigint := fx.dir_of(path);
    i bigint := fx.next('next_ino');
    o bigint := fx.op(kind, i, p, fx.name_of(path));
    ns bigint := (extract(epoch from fx.at(o)) * 1000000)::bigint * 1000;
begin
    insert into thule.inode
        values (i, mode, case when kind = 'mkdir' then 2 else 1 end, 1000, 1001, 0,
            case when kind = 'mkdir' then 4096 else coalesce(octet_length(target), 0) end, 0, ns, ns + 1500, ns, ns,
            0, 0, 0, target, o, fx.at(o));
    perform fx.add_name(p, fx.name_of(path), i, o);
    perform fx.end_inode(p, o);
    update thule.inode set nlink = nlink + 1 where ino = p and kind = 'mkdir';
    return o;
end $$;

create function fx.mkdir(path text) returns bigint language sql return fx.make('mkdir', path, 16877);
create function fx.create(path text) returns bigint language sql return fx.make('create', path, 33188);
create function fx.symlink(path text, target text) returns bigint language sql
return fx.make('symlink', path, 41471, convert_to(target, 'UTF8'));

create function fx.write(path text, off bigint, data bytea) returns bigint language plpgsql as $$
declare
    i bigint := thule.resolve(path);
    l bigint := octet_length(data);
    o bigint := fx.op('write', i, off => off, len => l);
    b bigint := fx.next('next_blob');
begin
    insert into thule.blob values (b, data);
    perform fx.cut(i, off, off + l, o);
    insert into thule.extent values (i, off, l, b, 0, o);
    perform fx.end_inode(i, o);
    update thule.inode set size = greatest(size, off + l) where ino = i;
    return o;
end $$;

create function fx.truncate(path text, new_size bigint) returns bigint language plpgsql as $$
declare
    i bigint := thule.resolve(path);
    o bigint := fx.op('truncate', i, off => new_size);
begin
    perform fx.cut(i, new_size, null, o);
    perform fx.end_inode(i, o);
    update thule.inode set size = new_size where ino = i;
    return o;
end $$;

create function fx.chmod(path text, bits integer) returns bigint language plpgsql as $$
declare
    i bigint := thule.resolve(path);
    o bigint := fx.op('chmod', i);
begin
    perform fx.end_inode(i, o);
    update thule.inode set mode = mode & 61440 | bits where ino = i;
    return o;
end $$;

-- Sets an extended attribute, or removes it where the value is null. bits: what setting an access list makes of the mode.
create function fx.setxattr(path text, attribute text, v bytea, bits integer default null, kind text default null)
returns bigint language plpgsql as $$
declare
    i bigint := thule.resolve(path);
    n bytea := convert_to(attribute, 'UTF8');
    o bigint := fx.op(coalesce(kind, case when v is null then 'removexattr' else 'setxattr' end), i, null,
        case when kind is null then n end, len => octet_length(v));
begin
    insert into thule.xattr_history
        select x.ino, x.name, x.value, x.op_from, x.valid_from, o, fx.at(o) from thule.xattr x where x.ino = i and x.name = n;
    delete from thule.xattr x where x.ino = i and x.name = n;
    insert into thule.xattr select i, n, v, o, fx.at(o) where v is not null;
    perform fx.end_inode(i, o);
    update thule.inode set xattrs = (select count(*) from thule.xattr x where x.ino = i),
        mode = coalesce(mode & 61440 | bits, mode) where ino = i;
    return o;
end $$;

create function fx.link(path text, new_path text) returns bigint language plpgsql as $$
declare
    i bigint := thule.resolve(path);
    p bigint := fx.dir_of(new_path);
    o bigint := fx.op('link', i, null, null, p, fx.name_of(new_path));
begin
    perform fx.add_name(p, fx.name_of(new_path), i, o);
    perform fx.end_inode(i, o);
    perform fx.end_inode(p, o);
    update thule.inode set nlink = nlink + 1 where ino = i;
    return o;
end $$;

-- Takes one name from an inode; without its last one it goes, unless it is kept open.
create function fx.drop_link(i bigint, o bigint, keep_open boolean default false) returns void
language plpgsql as $$
declare
    gone boolean := (select not keep_open and (nlink = 1 or mode & 61440 = 16384) from thule.inode where ino = i);
begin
    perform fx.end_inode(i, o, gone);
    update thule.inode set nlink = nlink - 1 where ino = i;
    if gone then
        perform fx.cut(i, 0, null, o);
        insert into thule.xattr_history
            select x.ino, x.name, x.value, x.op_from, x.valid_from, o, fx.at(o) from thule.xattr x where x.ino = i;
        delete from thule.xattr x where x.ino = i;
    end if;
end $$;

create function fx.unlink(path text, keep_open boolean default false) returns bigint language plpgsql as $$
declare
    i bigint := thule.resolve(path);
    p bigint := fx.dir_of(path);
    dir boolean := (select mode & 61440 = 16384 from thule.inode where ino = i);
    o bigint := fx.op(case when dir then 'rmdir' else 'unlink' end, i, p, fx.name_of(path));
begin
    perform fx.end_name(p, fx.name_of(path), o);
    perform fx.drop_link(i, o, keep_open);
    perform fx.end_inode(p, o);
    update thule.inode set nlink = nlink - 1 where ino = p and dir;
    return o;
end $$;

create function fx.rename(path text, new_path text) returns bigint language plpgsql as $$
declare
    i bigint := thule.resolve(path);
    replaced bigint := thule.resolve(new_path);
    p bigint := fx.dir_of(path);
    q bigint := fx.dir_of(new_path);
    dir boolean := (select mode & 61440 = 16384 from thule.inode where ino = i);
    o bigint := fx.op('rename', i, p, fx.name_of(path), q, fx.name_of(new_path));
begin
    if replaced is not null then
        perform fx.end_name(q, fx.name_of(new_path), o);
        perform fx.drop_link(replaced, o);
        update thule.inode set nlink = nlink - 1 where ino = q and dir;
    end if;
    perform fx.end_name(p, fx.name_of(path), o);
    perform fx.add_name(q, fx.name_of(new_path), i, o);
    perform fx.end_inode(x, o) from (select p union select q union select i) d (x);
    update thule.inode set nlink = nlink - 1 where ino = p and dir;
    update thule.inode set nlink = nlink + 1 where ino = q and dir;
    return o;
end $$;

create function fx.exchange(path text, new_path text) returns bigint language plpgsql as $$
declare
    i bigint := thule.resolve(path);
    j bigint := thule.resolve(new_path);
    p bigint := fx.dir_of(path);
    q bigint := fx.dir_of(new_path);
    o bigint := fx.op('exchange', i, p, fx.name_of(path), q, fx.name_of(new_path));
begin
    perform fx.end_name(p, fx.name_of(path), o);
    perform fx.end_name(q, fx.name_of(new_path), o);
    perform fx.add_name(p, fx.name_of(path), j, o);
    perform fx.add_name(q, fx.name_of(new_path), i, o);
    perform fx.end_inode(x, o) from (select i union select j) t (x);
    return o;
end $$;

-- The tree that most tests begin with; its ops are 100 and up.
create function fx.tree() returns void language sql
begin atomic
    select fx.mkdir('/dir');                          -- 100, inode 100
    select fx.mkdir('/dir/sub');                      -- 101, inode 101
    select fx.create('/dir/file');                    -- 102, inode 102
    select fx.write('/dir/file', 0, 'hello world');   -- 103
    select fx.link('/dir/file', '/dir/sub/hard');     -- 104
    select fx.create('/empty');                       -- 105, inode 103
    select fx.symlink('/link', 'dir/file');           -- 106, inode 104
end;

-- What a query reads, in buffers.
create function fx.buffers(query text) returns bigint language plpgsql as $$
declare plan jsonb;
begin
    execute 'explain (analyze, buffers, timing off, format json) ' || query into plan;
    return (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
end $$;

-- Drops what keeps impossible rows out, as a dump that somebody has made by hand would.
create function fx.unchecked() returns void language plpgsql as $$
declare c record;
begin
    for c in select case when contypid = 0 then 'table ' || conrelid::regclass else 'domain ' || contypid::regtype end as of, conname from pg_constraint
        where contype = 'c' and connamespace = 'thule'::regnamespace
    loop
        execute format('alter %s drop constraint %I', c.of, c.conname);
    end loop;
end $$;
