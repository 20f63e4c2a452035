-- The newest ops below a directory that has many files are found from the end of the log, and are the same ones as those that looking at all that ever
-- was below it finds, whatever was moved, deleted or pruned.
begin;
\ir fixture.sql
\set log_path `sed 's/--.*//' "$SQL_DIR"/statements/command_log_path.sql`
prepare log_path (text, text, text, integer, text, text, text, bigint, boolean, text[], bytea[], boolean, boolean, bigint, bigint[]) as :log_path;
select no_plan();

-- 12 directories in /top and /other with 240 files, and then 1,000 changes of chance, nearly half of which move, delete and make things.
select setseed(0.5);
select fx.mkdir('/top'), fx.mkdir('/other'), fx.mkdir('/top/in'), fx.mkdir('/few'), fx.create('/few/a');
select fx.mkdir(case when d % 4 = 0 then '/other/d' when d % 3 = 0 then '/top/in/d' else '/top/d' end || d) from generate_series(1, 12) d;
create function fx.random_path(wanted text) returns text language sql volatile
return (
    select p.path
    from (
        select d.parent, d.name from thule.dirent d join thule.inode i on i.ino = d.ino where thule.mode_kind(i.mode) = wanted order by random()
    ) d
    cross join lateral (select thule_internal.entry_path(d.parent, d.name, thule_internal.present()) as path offset 0) p
    where p.path ~ '/d[0-9]+' limit 1);
create function fx.change_something(n integer) returns void language plpgsql as $$
declare
    file text := fx.random_path('file');
    dir  text := fx.random_path('directory');
    into_dir text := case when random() < 0.5 then '/top/' else '/other/' end || substring(dir from '[^/]*$');
    what double precision := random();
begin
    update fx.setting set actor = case when random() < 0.2 then 18 else 17 end, tag = case when random() < 0.1 then 'some' end;
    case
        when what < 0.10 then perform fx.unlink(file);
        when what < 0.20 then perform fx.create(dir || '/new' || n);
        when what < 0.30 then perform fx.rename(file, dir || '/moved' || n);
        when what < 0.36 then perform fx.rename(file, fx.random_path('file'));
        when what < 0.42 then perform fx.link(file, dir || '/linked' || n);
        when what < 0.48 then
            if thule.resolve(into_dir) is null then
                perform fx.rename(dir, into_dir);
            end if;
        else perform fx.chmod(file, 256 + n % 128);
    end case;
exception when others then
    raise exception '%: % % %', sqlerrm, what, file, dir;
end $$;
select fx.create(fx.random_path('directory') || '/f' || n) from generate_series(1, 240) n;
select fx.change_something(n) from generate_series(1, 1000) n;
update thule.inode set uid = 1002 where ino % 3 = 0;
analyze;

-- The same by looking at everything.
create function fx.all_looked_at(paths text[], upto bigint, earlier boolean, low bigint, high bigint, username text, tag text, kind text, viewer bigint[], most bigint)
returns bigint[] language sql
begin atomic
    select array(
        select l.op
        from unnest(paths) p (path)
        cross join lateral thule_internal.log_ops(p.path, upto, false, earlier) l
        join thule.op o on o.op = l.op
        join thule.op_kind k on k.id = o.kind
        join thule.actor a on a.id = o.actor
        where l.op > low and l.op <= high and (all_looked_at.username is null or all_looked_at.username in (a.username, a.uid::text))
            and (all_looked_at.tag is null or o.tag = all_looked_at.tag) and (all_looked_at.kind is null or k.name = all_looked_at.kind)
            and (viewer is null or thule_internal.sees_op(l.op, viewer))
        group by l.op
        order by l.op desc limit most);
end;
create view fx.differing as
select p.paths, u.upto, s.low, h.high, w.username, w.tag, w.kind, v.viewer, m.most
from (values ('{/top}'::text[]), ('{/other}'), ('{/top/in,/other}'), ('{/few,/top}')) p (paths)
cross join (values (thule_internal.present()), (900)) u (upto)
cross join (values (0), (1100)) s (low)
cross join (values (thule_internal.present()), (1300)) h (high)
cross join (values (null, null, null), ('1002', null, null), (null, 'some', null), (null, null, 'rename'), ('nobody', null, null)) w (username, tag, kind)
cross join (values (null), ('{1002,1002}'::bigint[])) v (viewer)
cross join (values (1), (7), (400), (null)) m (most)
-- One in twelve of these, and of what a user of the mount may see fewer.
where hashtext(concat(p.paths, u.upto, s.low, h.high, w.username, w.tag, w.kind, m.most)) % case when v.viewer is null then 12 else 60 end = 0
    and array(select l.op from thule_internal.log_newest(p.paths, u.upto, false, true, s.low, least(u.upto, h.high), w.username, null, null, w.tag, w.kind,
            v.viewer, m.most) l)
        is distinct from fx.all_looked_at(p.paths, u.upto, true, s.low, least(u.upto, h.high), w.username, w.tag, w.kind, v.viewer, m.most);

select ok(thule_internal.more_below(array[thule.resolve('/top')], 200) and thule_internal.more_below(array[thule.resolve('/other')], 200)
    and not thule_internal.more_below(array[thule.resolve('/few')], 1), 'two of the directories have had many files');
select is(thule_internal.more_below(array[thule.resolve('/few')], 0), true, 'one had one');
select is_empty('select * from fx.differing', 'the newest are those of all');
-- Of each directory, of all ops at once and of each hundred.
create view fx.differing_below as
select d.ino, r.low, o.op
from (select ino from thule.inode where mode between 16384 and 20479) d
cross join (select 0 as low, 10000 as high union all select n, n + 99 from generate_series(100, 1300, 100) n) r
cross join lateral (
    select b.op from thule_internal.ops_below(array(select o.op from thule.op o where o.op between r.low and r.high), array[d.ino]) b (op)
    full join (
        select distinct o.op from thule_internal.subtree_spans(array[d.ino], '{0}', array[thule_internal.present()]) s
        join thule.op o on o.ino = s.ino and o.op between greatest(s.op_from, r.low) and least(s.op_to, r.high)
        union
        select o.op from thule_internal.subtree_spans(array[d.ino], '{0}', array[thule_internal.present()]) s join thule.op o on o.parent = s.ino
        where o.op between r.low and r.high and o.op <= (select s.pruned_op from thule.superblock s)
    ) s on s.op = b.op
    where b.op is null or s.op is null
) o;
select is_empty('select * from fx.differing_below', 'from each directory');
-- What is above the inodes that ops were done to, and those whose names they took; at least.
create view fx.lost_spans as
select p.path, r.low, s.ino, o.op
from (values ('/top'), ('/other'), ('/top/in'), ('/few'), ('/nothing'), ('/top/d1'), ('/other/d1')) p (path)
cross join (select 0 as low, 10000 as high union all select n, n + 99 from generate_series(100, 1300, 100) n) r
cross join lateral (
    select s.* from thule_internal.subtree_spans(p.path) s
    except
    select s.* from thule_internal.spans_changed(p.path, r.low, r.high) s
) s
join thule.op o on o.op > r.low and o.op <= r.high and o.op between s.op_from and s.op_to and (o.ino = s.ino
    or exists (select from thule.dirent_history d where d.ino = s.ino and d.op_to = o.op and o.new_name is not null));
select is_empty('select * from fx.lost_spans', 'what changed is found below each path that was, with what it replaced');
select is_empty($$
    select p.path, s.* from (values ('/top'), ('/other'), ('/nothing')) p (path)
    cross join (select n as low, n + 99 as high from generate_series(0, 1300, 100) n) r
    cross join lateral (
        select c.op from thule_internal.spans_changed(p.path, r.low, r.high) s join thule.op c on c.ino = s.ino and c.op between greatest(s.op_from, r.low + 1) and least(s.op_to, r.high)
        except
        select c.op from thule_internal.subtree_spans(p.path) s join thule.op c on c.ino = s.ino and c.op between s.op_from and s.op_to
    ) s$$, 'and nothing else');
savepoint whole;
do $$ begin
    perform thule_internal.prune_begin(600);
    while not (select done from thule_internal.prune_step(1000)) loop
    end loop;
end $$;
select isnt_empty('select from thule.op where op < 600', 'names were pruned, and ops were not');
select is_empty('select * from fx.differing_below', 'also where names were pruned');
select is_empty('select * from fx.differing where upto > 900', 'which the newest do not need');
rollback to whole;

-- What a user of the mount sees of many ops.
select array_agg(op)::text as ops from thule.op \gset
select set_eq(format('select thule_internal.ops_seen(%L, ''{1002,1002}'')', :'ops'), $$select op from thule.op where thule_internal.sees_op(op, '{1002,1002}')$$,
    'a user sees of many ops those that he sees of each');
select isnt_empty(format('select thule_internal.ops_seen(%L, ''{1002,1002}'')', :'ops'), 'which are some');

-- What is read for it: 40 directories with 200 files each, the last changes in one of them and in a directory beside them.
select fx.mkdir('/many'), fx.mkdir('/beside');
select next_op as base, thule.resolve('/many') as many, thule.resolve('/beside') as beside from thule.superblock \gset
insert into thule.op (op, at, kind, ino, parent, name, actor, mount)
    select :base + n, fx.at(:base + n), case when n < 40 then 2 else 1 end, :base + n, case when n < 40 then :many else :base + n % 40 end, convert_to('n' || n, 'UTF8'), 17, 1
    from generate_series(0, 8039) n;
insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from, valid_from)
    select o.ino, case o.kind when 2 then 16877 else 33188 end, case o.kind when 2 then 2 else 1 end, 1000, 1001, 0, 0, 0, 0, 0, 0, 0, o.op, o.at
    from thule.op o where o.op >= :base;
insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from) select o.parent, o.name, o.ino, 2 * o.op, o.op, o.at from thule.op o where o.op >= :base;
update thule.superblock set next_op = :base + 8040, next_ino = :base + 8040;
select fx.create('/beside/f' || n) from generate_series(1, 150) n;
\set newest '$$execute log_path (null, null, null, null, null, null, null, 5, false, ''{/many}'', null, false, true, null, null)$$'
\set nobody '$$execute log_path (null, null, ''nobody'', null, null, null, null, 5, false, ''{/many}'', null, false, true, null, null)$$'
select cmp_ok(fx.buffers(:newest), '<', 20000::bigint, 'the newest below a directory are found without statistics');
analyze;
select cmp_ok(fx.buffers(:newest), '<', 15000::bigint, 'and with them, for less than a read for each file');
select cmp_ok(fx.buffers(replace(:newest, '5', '300')), '<', 40000::bigint, 'and so are many');
select cmp_ok(fx.buffers(format('execute log_path (''op:%s'', null, null, null, null, null, null, null, false, ''{/many}'', null, false, true, null, null)', :base + 7990)),
    '<', 15000::bigint, 'and those since an op');
select cmp_ok(fx.buffers(:nobody), '<', 150000::bigint, 'one who did nothing is looked for in little more than all of it');
select cmp_ok(fx.buffers(replace(:newest, '/many', '/few')), '<', 2000::bigint, 'a small directory is looked at as a whole');
select cmp_ok(fx.buffers(format('select op from thule.changes_under(''/many'', %L, ''infinity'')', fx.at(:base + 7990))), '<', 20000::bigint, 'nor are all of its files looked at for what changed lately');
-- What the tests before have rolled back is read as well, so pages would not tell.
create function fx.ways_up(query text) returns bigint language plpgsql as $$
declare path_up constant regprocedure := 'thule_internal.path_up(bigint, integer)';
    before bigint := coalesce(pg_stat_get_xact_function_calls(path_up), 0);
begin
    set local track_functions = 'all';
    execute 'select count(*) from (' || query || ') a';
    set local track_functions = 'none';
    return pg_stat_get_xact_function_calls(path_up) - before;
end $$;
select cmp_ok(fx.ways_up($$select path from thule.changes_under('/many')$$), '<', 500::bigint, 'and for all that ever did, the way up from each directory is gone once');
select cmp_ok(fx.buffers(format('select thule_internal.request_reach(''restore'', ''{"path": "/many", "at": "op:%s"}'')', :base + 7990)), '<', 12000::bigint,
    'nor for what a restoration takes back');
select cmp_ok(fx.buffers(format('select thule_internal.ops_seen(array_fill(%s::bigint, ''{500}''), ''{1002,1002}'')', :base)), '<', 2500::bigint,
    'whose an inode is, is looked up once');
select is(thule_internal.request_reach('restore', format('{"path": "/many", "at": "op:%s"}', :base + 7990)::jsonb), 49::bigint, 'which is as many as were changed');
select thule_internal.undo_begin();
select cmp_ok(fx.buffers(format('select thule_internal.undo_select(''{"path": "/many", "since": "op:%s"}'')', :base + 7991)), '<', 15000::bigint, 'nor for what an undo does');
select is((select count(*) from pg_temp.undo_op), 49::bigint, 'which are those ops');

-- Where nothing was ever analyzed, the log is not read for one path of it.
delete from pg_statistic where starelid in (select c.oid from pg_class c where c.relnamespace = 'thule'::regnamespace);
update pg_class set reltuples = -1, relpages = 0 where relnamespace = 'thule'::regnamespace and relkind in ('r', 'i');
create function fx.scans(query text) returns bigint language plpgsql as $$
declare before bigint := pg_stat_get_xact_numscans('thule.op'::regclass);
begin
    execute 'select count(*) from (' || query || ') a';
    return pg_stat_get_xact_numscans('thule.op'::regclass) - before;
end $$;
select is(fx.scans($$select thule.log('/many/n0/n40')$$), 0::bigint, 'thule.log(path) goes by index');
select is(fx.scans($$select thule.change('/many/n0/n40')$$), 0::bigint, 'and thule.change(path)');
select is(fx.scans($$select thule_internal.log_newest('{/many/n0/n40}', thule_internal.present(), false, true, 0, thule_internal.present(), null, null, null, null, null,
    null, 5)$$), 0::bigint, 'and thule log PATH');
select * from finish();
rollback;
