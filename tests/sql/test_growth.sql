-- What the daemon prepares looks at as much in a large filesystem as in a small one, also where it was planned over empty tables: names in a
-- directory, files, pieces of a file.
begin;
\ir fixture.sql
select no_plan();

-- An autovacuum would see none of what this transaction writes.
lock table thule.inode, thule.dirent, thule.blob, thule.extent in share update exclusive mode;

-- As the daemon's sessions have them.
\set settings `sed -n '/char writer_settings/,/;$/p' "$SQL_DIR/../fs/db/libpq.c" | grep -o '"[^"]*"' | tr -d '"'`
:settings;
\set body `cat "$SQL_DIR/statements/read_dirent.sql"`
prepare read_dirent as :body;
\set body `cat "$SQL_DIR/statements/read_inode.sql"`
prepare read_inode as :body;
\set body `cat "$SQL_DIR/statements/read_dir.sql"`
prepare read_dir as :body;
\set body `cat "$SQL_DIR/statements/read_extents.sql"`
prepare read_extents as :body;
\set body `cat "$SQL_DIR/statements/read_data.sql"`
prepare read_data as :body;
\set body `cat "$SQL_DIR/statements/read_holes.sql"`
prepare read_holes as :body;
\set body `cat "$SQL_DIR/statements/apply_inode_close.sql"`
prepare apply_inode_close as :body;
\set body `cat "$SQL_DIR/statements/apply_inode_close_one.sql"`
prepare apply_inode_close_one as :body;
\set body `cat "$SQL_DIR/statements/apply_inode_update.sql"`
prepare apply_inode_update as :body;
\set body `cat "$SQL_DIR/statements/apply_inode_update_one.sql"`
prepare apply_inode_update_one as :body;
\set body `cat "$SQL_DIR/statements/apply_dirent_close.sql"`
prepare apply_dirent_close as :body;
\set body `cat "$SQL_DIR/statements/apply_dirent_close_one.sql"`
prepare apply_dirent_close_one as :body;
\set body `cat "$SQL_DIR/statements/apply_dirent_insert.sql"`
prepare apply_dirent_insert as :body;
\set body `cat "$SQL_DIR/statements/apply_extent_cut.sql"`
prepare apply_extent_cut as :body;
\set body `cat "$SQL_DIR/statements/apply_extent_cut_one.sql"`
prepare apply_extent_cut_one as :body;
\set body `cat "$SQL_DIR/statements/apply_mark.sql"`
prepare apply_mark as :body;

-- Directory 500 with so many names, of inodes from 1000 on; each has one piece, and 1000 a third as many as there are names.
create function fx.fill(first integer, last integer) returns void language sql as $$
    insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from, valid_from)
        select 1000 + n, 33188, 1, 0, 0, 0, 4096, 4096, 0, 0, 0, 0, 1000 + n, now() from generate_series(first, last - 1) n;
    insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
        select 500, convert_to('file' || n, 'UTF8'), 1000 + n, 2 * (1000 + n), 1000 + n, now() from generate_series(first, last - 1) n;
    insert into thule.blob (id, data) select 1000 + n, 'bytes' from generate_series(first, last - 1) n;
    insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
        select 1000, n * 4096::bigint, 4096, 1000 + n, 0, 1000 + n from generate_series(first, last - 1, 3) n
        union all
        select 1000 + n, 0, 5, 1000 + n, 0, 1000 + n from generate_series(greatest(first, 1), last - 1) n;
$$;

-- Buffers of each statement, asked about the middle.
create function fx.looked_at(size integer) returns table (statement text, buffers bigint) language plpgsql as $$
declare
    asked jsonb := jsonb_build_object(
        'read_dirent', format('(500, ''file%s'')', size / 2), 'read_inode', format('(%s)', 1000 + size / 2),
        'read_dir', format('(500, %s, 1000)', 2 * size - 2),       -- the last 1,000
        'read_extents', format('(1000, %s, %s, 100)', size / 2 * 4096, size / 2 * 4096 + 4096),
        'read_data', format('(1000, %s, %s)', size / 2 * 4096, size / 2 * 4096 + 4096),
        'read_holes', format('(1000, %s, 1)', (size - 10) * 4096),
        'apply_inode_close', format('(''{%s}'', ''{900000}'', ''{now}'')', 1000 + size / 2),
        'apply_inode_update', format($f$('{%s}', '{33188}', '{1}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', '{null}',
            '{900000}', '{now}')$f$, 1000 + size / 2),
        'apply_dirent_close', format('(''{500}'', ''{file%s}'', ''{900000}'', ''{now}'')', size / 2),
        'apply_dirent_insert', format('(''{500}'', ''{new%s}'', ''{999}'', ''{900000}'', ''{900000}'', ''{now}'')', size),
        'apply_extent_cut', format('(''{1000}'', ''{%s}'', ''{%s}'', ''{900000}'')', size / 2 * 4096, size / 2 * 4096 + 4096),
        'apply_mark', '(1, 900000, 0, 0)',
        'apply_inode_close_one', format('(%s, 900000, ''now'')', 1000 + size / 2),
        'apply_inode_update_one', format('(%s, 33188, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, null, 900000, ''now'')', 1000 + size / 2),
        'apply_dirent_close_one', format('(500, ''file%s'', 900000, ''now'')', size / 2),
        'apply_extent_cut_one', format('(1000, %s, %s, 900000)', size / 2 * 4096, size / 2 * 4096 + 4096));
    plan jsonb;
begin
    for statement in select jsonb_object_keys(asked) loop
        for i in 1..2 loop                 -- the first time it is planned
            begin
                execute format('explain (analyze, buffers, format json) execute %I %s', statement, asked ->> statement) into plan;
                buffers := (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
                raise exception using errcode = 'U0001';   -- takes back what it wrote
            exception when sqlstate 'U0001' then null;
            end;
        end loop;
        return next;
    end loop;
end $$;

select is((select count(*) from fx.looked_at(0) where buffers > 30), 0::bigint, 'statements are planned over empty tables');
select fx.fill(0, 1200);
create temp table small on commit drop as select * from fx.looked_at(1200);
select fx.fill(1200, 60000);
create temp table large on commit drop as select * from fx.looked_at(60000);
-- Where most files have one piece, the planner takes that of all.
analyze;
discard plans;
create temp table known on commit drop as select * from fx.looked_at(60000);
-- A vacuum beside an old snapshot leaves many pages with few rows, and nothing is known of the columns.
delete from pg_statistic where starelid in (select oid from pg_class where relnamespace = 'thule'::regnamespace);
update pg_class set relpages = 100, reltuples = 4 where relnamespace = 'thule'::regnamespace and relkind in ('r', 'i');
discard plans;
create temp table sparse on commit drop as select * from fx.looked_at(60000);
select is((select count(*) from small), 16::bigint, 'all statements were looked at');
select is_empty('select statement, s.buffers as small, l.buffers as large from small s join large l using (statement)
    where l.buffers > 1.6 * s.buffers + 8', 'with fifty times as many files, names and pieces they look at as much');
select is_empty('select statement, s.buffers as small, l.buffers as large from small s join known l using (statement)
    where l.buffers > 1.6 * s.buffers + 8', 'also when they are planned anew by statistics');
select is_empty('select statement, s.buffers as small, l.buffers as large from small s join sparse l using (statement)
    where l.buffers > 1.6 * s.buffers + 8', 'and when they are planned over tables that seem to have few rows');

select * from finish();
rollback;
