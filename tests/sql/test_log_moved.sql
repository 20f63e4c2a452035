-- The log of a tree whose top directory was renamed says the paths of then, and costs no more for it: the paths of a directory are made once for each
-- time between two renames, for the view and for `thule log PATH`.
begin;
\ir fixture.sql
\set log_path `sed 's/--.*//' "$SQL_DIR"/statements/command_log_path.sql`
prepare log_path (text, text, text, integer, text, text, text, bigint, boolean, text[], bytea[], boolean, boolean, bigint, bigint[]) as :log_path;
select plan(9);

-- 30 directories, each in another, with 5 files each of which 20 ops tell.
create function fx.deep_tree() returns void language plpgsql as $$
declare dir text := '/top';
begin
    perform fx.mkdir(dir);
    for i in 1..30 loop
        dir := case i % 5 when 0 then '/top' else dir end || '/d' || i;
        perform fx.mkdir(dir);
        for j in 1..5 loop
            perform fx.create(dir || '/f' || j);
            for k in 1..19 loop
                perform fx.chmod(dir || '/f' || j, k);
            end loop;
        end loop;
    end loop;
end $$;
\set of_path '$$execute log_path (null, null, null, null, null, null, null, null, false, ''{/top}'', null, false, true, null, null)$$'

select fx.deep_tree();
analyze thule.op, thule.dirent, thule.inode;
select fx.buffers($$select path from thule.change$$) as view, fx.buffers(:of_path) as statement \gset still_
select fx.rename('/top', '/other');
select fx.rename('/other', '/top');
analyze thule.op, thule.dirent, thule.inode, thule.dirent_history, thule.inode_history;
select fx.buffers($$select path from thule.change$$) as view, fx.buffers(:of_path) as statement \gset moved_
select cmp_ok((:moved_view - :still_view)::bigint, '<', 5000::bigint, 'the log of what was moved reads little more of 3,000 rows');
select cmp_ok(:still_statement::bigint, '<', 40000::bigint, 'thule log PATH makes the path of a directory once');
select cmp_ok((:moved_statement - :still_statement)::bigint, '<', 8000::bigint, 'nor does thule log PATH');

select cmp_ok(fx.buffers(replace(:of_path, '/top', '/top/d5/f1')), '<', 900::bigint, 'and reads that part of the log alone');

-- What each row is climbed for.
create view fx.wrong as
select c.op, c.path, o.climbed
from thule.change c
join (select o.op, case when o.parent is null then thule.path_at_op(o.ino, o.op) else thule_internal.entry_path(o.parent, o.name, o.op) end as climbed,
        thule_internal.entry_path(o.new_parent, o.new_name, o.op) as new_climbed
    from thule.op o) o using (op)
where c.path is distinct from o.climbed or c.new_path is distinct from o.new_climbed;
select is_empty('select * from fx.wrong', 'paths are those of then');
select is((select count(*) from thule.change where path like '/top/%'), (select count(*) from thule.op where op > 100) - 2, 'of all rows');

-- Directories that came, went and changed places, one of them so often that each op is climbed for.
select fx.mkdir('/a'), fx.mkdir('/a/b'), fx.create('/a/b/f'), fx.mkdir('/c');
select fx.rename('/a/b', '/c/b'), fx.chmod('/c/b/f', 1), fx.rename('/c', '/a/c'), fx.chmod('/a/c/b/f', 2), fx.rename('/a', '/z'), fx.chmod('/z/c/b/f', 3);
do $$ begin
    for i in 1..120 loop
        perform fx.rename('/z', '/y'), fx.chmod('/y/c/b/f', i), fx.rename('/y', '/z');
    end loop;
end $$;
select is_empty('select * from fx.wrong', 'also where directories were moved in each other, and often');
select is(thule_internal.path_turns(thule.resolve('/z/c/b')), null, 'too often to remember');
select is(cardinality(thule_internal.path_turns(thule.resolve('/top/d5'))), 4, 'or four times: made, made below, and twice renamed');
select finish();
rollback;
