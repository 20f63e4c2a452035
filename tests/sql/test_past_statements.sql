-- What the daemon asks about the past, once for each file that is opened, calls no function in SQL: one that the planner does not put in place of its call
-- is planned anew by each statement that calls it, which takes longer than all the rest. (Constants are called by the planner, once.)
begin;
\ir fixture.sql
select plan(9);
select fx.tree();
select fx.write('/dir/file', 0, 'hello, world');
select ino as file from thule.file where path = '/dir/file' \gset
select ino as dir from thule.file where path = '/dir' \gset
select max(op) as op from thule.op \gset

create function fx.called() returns setof text language sql as $$
    select distinct f.funcname from pg_stat_xact_user_functions f join pg_proc p on p.oid = f.funcid join pg_language l on l.oid = p.prolang
    where l.lanname = 'sql' and p.provolatile <> 'i' and f.schemaname like 'thule%' and f.calls > 0
$$;
\set text `cat "$SQL_DIR"/statements/read_past_inode.sql`
prepare read_past_inode as :text;
\set text `cat "$SQL_DIR"/statements/read_past_open.sql`
prepare read_past_open as :text;
\set text `cat "$SQL_DIR"/statements/read_past_dirent.sql`
prepare read_past_dirent as :text;
\set text `cat "$SQL_DIR"/statements/read_past_dir.sql`
prepare read_past_dir as :text;
\set text `cat "$SQL_DIR"/statements/read_past_data.sql`
prepare read_past_data as :text;
\set text `cat "$SQL_DIR"/statements/read_past_xattrs.sql`
prepare read_past_xattrs as :text;

set local track_functions = 'all';
create temp table opened as execute read_past_open(:file, :op, 1);
create temp table opened_by_root as execute read_past_open(:file, :op, 0);
execute read_past_dirent(:dir, :op, 'file') \gset found_
create temp table listed as execute read_past_dir(:dir, :op, 0);
create temp table looked as execute read_past_inode(:file, :op);
create temp table bytes as execute read_past_data(:file, :op, 0, 100);
create temp table attributes as execute read_past_xattrs(:file, :op, '');
select is_empty('select * from fx.called()', 'no function in SQL was called');
set local track_functions = 'none';

select is(:found_ino::bigint, :file::bigint, 'the file is found');
select is(count(*), 1::bigint, 'and listed') from listed where ino = :file;
select is(o."case", 'hello, world'::bytea, 'a small file comes with its bytes when it is opened') from opened o;
select is(r.guard, null, 'root needs no guard') from opened_by_root r;
select is(o.guard, g.guard, 'others have that of the file') from opened o, thule_internal.guard(:file, :op) g;
select fx.truncate('/dir/file', 131073);
select max(op) as op from thule.op \gset
create temp table large as execute read_past_open(:file, :op, 1);
select is(l."case", null, 'bytes of a large one are asked for') from large l;
select is(l.size::bigint, 131073::bigint, 'which says its size') from large l;
create temp table other as execute read_past_open(:dir, :op, 1);
select is(o."case", null, 'a directory has none') from other o;
select finish();
rollback;
