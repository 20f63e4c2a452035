-- What the daemon prepares looks at as much in a large filesystem as in a small one, also where it was planned over empty tables: names in a
-- directory, files, pieces of a file.

-- What the tests before took back left pages without rows.
vacuum;
begin;
\ir fixture.sql
select no_plan();

-- As the daemon's sessions have them.
\set settings `sed -n '/char writer_settings/,/;$/p' "$SQL_DIR/../fs/db/libpq.c" | grep -o '"[^"]*"' | tr -d '"'`
\set resets `sed -n '/char writer_settings/,/;$/p' "$SQL_DIR/../fs/db/libpq.c" | grep -o 'set [a-z_]*' | sed 's/.*/re&;/'`
:settings;
\set names 'read_dirent read_inode read_dir read_extents read_data read_ranges read_files read_holes read_xattr read_xattrs read_past_dirent read_past_dir read_past_inode read_past_open read_past_data'
\set names :names' read_past_holes read_past_xattrs read_orphans write_touched apply_inode_close apply_inode_close_one apply_inode_update apply_inode_update_one apply_inode_delete apply_atime apply_dirent_close apply_dirent_close_one apply_dirent_insert apply_extent_close apply_extent_close_one'
\set names :names' apply_extent_cut apply_extent_cut_one apply_xattr_close apply_mark'
\setenv NAMES :names
\set prepares `cd "$SQL_DIR/statements" && for s in $NAMES; do echo "prepare $s as"; cat $s.sql; echo ';'; done`
:prepares

-- Directory 500 with so many names, of inodes from 1000 on; each has one piece, and 1000 a third as many as there are names. All of them have been something else
-- before op 1000, and one of ten has an attribute.
create function fx.fill(first integer, last integer) returns void language sql as $$
    insert into thule.inode_history (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from, valid_from, op_to, valid_to)
        select 1000 + n, 33188, 1, 0, 0, 0, 5, 5, 0, 0, 0, 0, 200, now(), 1000 + n, now() from generate_series(first, last - 1) n;
    insert into thule.dirent_history (parent, name, ino, cookie, op_from, valid_from, op_to, valid_to)
        select 500, convert_to('file' || n, 'UTF8'), 1000 + n, 400 + n, 200, now(), 1000 + n, now() from generate_series(first, last - 1) n;
    insert into thule.extent_history (ino, file_off, len, blob, blob_off, op_from, op_to)
        select 1000, n * 4096::bigint, 4096, 1000 + n, 0, 200, 1000 + n from generate_series(first, last - 1, 3) n
        union all
        select 1000 + n, 0, 5, 1000 + n, 0, 200, 1000 + n from generate_series(greatest(first, 1), last - 1) n;
    insert into thule.op (op, at, kind, ino, parent, name, actor, mount)
        select 1000 + n, now(), 8, 1000 + n, 500, convert_to('file' || n, 'UTF8'), 17, 1 from generate_series(first, last - 1) n;
    insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, xattrs, op_from, valid_from)
        select 1000 + n, 33188, 1, 0, 0, 0, case n when 0 then 1::bigint << 40 else 5 end, 4096, 0, 0, 0, 0, (n % 10 = 0)::integer, 1000 + n, now()
        from generate_series(first, last - 1) n;
    insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
        select 500, convert_to('file' || n, 'UTF8'), 1000 + n, 2 * (1000 + n), 1000 + n, now() from generate_series(first, last - 1) n;
    insert into thule.xattr (ino, name, value, op_from, valid_from) select 1000 + n, 'user.a', '1', 1000 + n, now() from generate_series(first, last - 1, 10) n;
    insert into thule.blob (id, data) select 1000 + n, convert_to(repeat('bytes', 820), 'UTF8') from generate_series(first, last - 1) n;
    insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
        select 1000, n * 4096::bigint, 4096, 1000 + n, 0, 1000 + n from generate_series(first, last - 1, 3) n
        union all
        select 1000 + n, 0, 5, 1000 + n, 0, 1000 + n from generate_series(greatest(first, 1), last - 1) n;
    update thule.superblock set next_op = 1000 + last, next_ino = 1000 + last, next_blob = 1000 + last;
$$;
insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from, valid_from)
    values (500, 16877, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 150, now());
insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from) values (1, 'dir', 500, 300, 150, now());

-- So each transaction by SQL looks at what its user has.
insert into thule.quota (kind, id, name, inodes_limit) values (0, 4242, 'nobody else', 1);

-- A change by SQL in a session of a user, and what its transaction ends with.
create function fx.change(command text) returns void language plpgsql as $$
begin
    execute 'select ' || command;
    set constraints all immediate;
end $$;
prepare change as select fx.change($1);

-- Buffers of each statement of the daemon, asked about the middle, or, as_user, of each change by SQL.
create function fx.looked_at(size integer, as_user boolean) returns table (statement text, buffers bigint) language plpgsql as $$
declare
    asked jsonb := case when as_user then jsonb_build_object(
        'chmod', format('thule.chmod(''/dir/file%s'', 384)', size / 2), 'unlink', format('thule.unlink(''/dir/file%s'')', size / 2),
        'create', format('thule.create(''/dir/new'')'), 'mkdir', 'thule.mkdir(''/dir/new'')', 'symlink', 'thule.symlink(''x'', ''/dir/new'')',
        'link', format('thule.link(''/dir/file%s'', ''/dir/new'')', size / 2),
        'rename', format('thule.rename(''/dir/file%s'', ''/dir/file%s'')', size / 2, size / 3),
        'write', format('thule.write(''/dir/file0'', %s, ''bytes'')', size / 6 * 3 * 4096), 'append', format('thule.append(''/dir/file%s'', ''x'')', size / 2),
        'truncate', format('thule.truncate(''/dir/file0'', %s)', (size - 10) * 4096), 'put', format('thule.put(''/dir/file%s'', ''bytes'')', size / 2),
        'copy_range', format('thule.copy_range(''/dir/file0'', %s, ''/dir/file%s'', 0, 4096)', size / 6 * 3 * 4096, size / 2),
        'fallocate', format('thule.fallocate(''/dir/file0'', %s, 4096, 3)', size / 6 * 3 * 4096), 'setxattr', format('thule.setxattr(''/dir/file%s'', ''user.a'', ''2'')', size / 20 * 10),
        'removexattr', format('thule.removexattr(''/dir/file%s'', ''user.a'')', size / 20 * 10), 'chown', format('thule.chown(''/dir/file%s'', 1, 1)', size / 2),
        'utimens', format('thule.utimens(''/dir/file%s'', now(), now())', size / 2), 'remove', format('thule.remove(''/dir/file%s'')', size / 2))
    else jsonb_build_object(
        'read_dirent', format('(500, ''file%s'')', size / 2), 'read_inode', format('(%s)', 1000 + size / 2),
        'read_dir', format('(500, %s, 1000)', 2 * size - 2),       -- the last 1,000
        'read_extents', format('(1000, %s, %s, 100)', size / 2 * 4096, size / 2 * 4096 + 4096),
        'read_data', format('(1000, %s, %s)', size / 2 * 4096, size / 2 * 4096 + 4096),
        'read_ranges', format('(''{1000}'', ''{%s}'', ''{%s}'')', size / 2 * 4096, size / 2 * 4096 + 4096),
        'read_files', format('(''{%s}'', 131072)', 1000 + size / 2),
        'read_holes', format('(1000, %s, 1)', (size - 10) * 4096),
        'read_xattr', format('(%s, ''user.a'')', 1000 + size / 20 * 10), 'read_xattrs', format('(%s, 1000)', 1000 + size / 20 * 10),
        'read_past_dirent', format('(500, 900, ''file%s'')', size / 2), 'read_past_dir', format('(500, 900, %s)', 400 + size - 500),
        'read_past_inode', format('(%s, 900)', 1000 + size / 2), 'read_past_open', format('(%s, 900, 1)', 1000 + size / 2),
        'read_past_data', format('(%s, 900, 0, 5)', 1000 + size / 2), 'read_past_holes', format('(%s, 900, 0)', 1000 + size / 2),
        'read_past_xattrs', format('(%s, 900, '''')', 1000 + size / 2), 'write_touched', format('(%s)', 1000 + size - 10), 'read_orphans', '(null)',
        'apply_inode_close', format('(''{%s}'', ''{900000}'', ''{now}'')', 1000 + size / 2),
        'apply_inode_update', format($f$('{%s}', '{33188}', '{1}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{null}',
            '{900000}', '{now}')$f$, 1000 + size / 2),
        'apply_inode_delete', format('(''{%s}'')', 1000 + size / 2), 'apply_atime', format('(''{%s}'', ''{1}'')', 1000 + size / 2),
        'apply_dirent_close', format('(''{500}'', ''{file%s}'', ''{900000}'', ''{now}'')', size / 2),
        'apply_dirent_insert', format('(''{500}'', ''{new%s}'', ''{999}'', ''{900000}'', ''{900000}'', ''{now}'')', size),
        'apply_extent_close', format('(''{%s}'', ''{900000}'')', 1000 + size / 2), 'apply_extent_close_one', format('(%s, 900000)', 1000 + size / 2),
        'apply_extent_cut', format('(''{1000}'', ''{%s}'', ''{%s}'', ''{900000}'')', size / 2 * 4096, size / 2 * 4096 + 4096),
        'apply_xattr_close', format('(''{%s}'', ''{null}'', ''{900000}'', ''{now}'')', 1000 + size / 20 * 10),
        'apply_mark', '(1, 900000, 0, 0)',
        'apply_inode_close_one', format('(%s, 900000, ''now'')', 1000 + size / 2),
        'apply_inode_update_one', format('(%s, 33188, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, null, 900000, ''now'')', 1000 + size / 2),
        'apply_dirent_close_one', format('(500, ''file%s'', 900000, ''now'')', size / 2),
        'apply_extent_cut_one', format('(1000, %s, %s, 900000)', size / 2 * 4096, size / 2 * 4096 + 4096)) end;
    plan jsonb;
begin
    for statement in select jsonb_object_keys(asked) loop
        buffers := null;
        for i in 1..3 loop                 -- the first time it is planned, and another session may have it planned anew
            begin
                execute format('explain (analyze, buffers, format json) execute %s', case when as_user then format('change(%L)', asked ->> statement)
                    else format('%I %s', statement, asked ->> statement) end) into plan;
                buffers := least(buffers, (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint);
                raise exception using errcode = 'U0001';   -- takes back what it wrote
            exception when sqlstate 'U0001' then null;
            end;
        end loop;
        return next;
    end loop;
end $$;

-- Functions that are not put in place of their call are planned each time, which looks at the catalog.
select is((select count(*) from fx.looked_at(0, false) where buffers > 100), 0::bigint, 'statements are planned over empty tables');
create table fx.seen (state text, size integer, statement text, buffers bigint);
create function fx.see(state text, size integer, as_user boolean) returns void language sql as 'insert into fx.seen select state, size, l.* from fx.looked_at(size, as_user) l';
-- As who is connected by psql, and as the daemon.
\set see ':resets select fx.see(:''state'', :size, true); :settings; select fx.see(:''state'', :size, false);'
select fx.fill(0, 1200);
\set state small
\set size 1200
:see
select fx.fill(1200, 60000);
\set state large
\set size 60000
:see
-- Where most files have one piece, the planner takes that of all.
analyze;
discard plans;
\set state known
:see
-- A vacuum beside an old snapshot leaves many pages with few rows, and nothing is known of the columns; or none that it saw, as where all were made after it
-- had begun: then any way seems to cost the same.
delete from pg_statistic where starelid in (select oid from pg_class where relnamespace = 'thule'::regnamespace);
update pg_class set relpages = 100, reltuples = 4 where relnamespace = 'thule'::regnamespace and relkind in ('r', 'i');
discard plans;
\set state sparse
:see
update pg_class set reltuples = 0 where relnamespace = 'thule'::regnamespace and relkind in ('r', 'i');
discard plans;
\set state empty
:see

-- Of which state a statement looks at more than over few files, names and pieces.
create function fx.more(of text) returns setof text language sql as $$
    select format('%s: %s, %s of few', l.statement, l.buffers, s.buffers) from fx.seen s join fx.seen l using (statement)
    where s.state = 'small' and l.state = of and l.buffers > 1.6 * s.buffers + 8 order by 1
$$;
select is((select count(*) from fx.seen where state = 'small'), 52::bigint, 'all statements were looked at');
select is_empty('select fx.more(''large'')', 'with fifty times as many files, names and pieces they look at as much');
select is_empty('select fx.more(''known'')', 'also when they are planned anew by statistics');
select is_empty('select fx.more(''sparse'')', 'and when they are planned over tables that seem to have few rows');
select is_empty('select fx.more(''empty'')', 'and over tables that seem to have none');

select * from finish();
rollback;
vacuum;
