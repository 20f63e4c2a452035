-- Views that make paths of directories once for many rows (thule_internal.directory_span) say what making each by itself does: after a random
-- history, pruned or not, and in directories that are too deep or in circles. And thule.deleted_file says what went.
begin;
\ir fixture.sql
select no_plan();

-- What the views were by definition: a path for each row, and the tree from the root downwards.
create view fx.change as
select o.op, k.name as kind, case when o.parent is null then thule.path_at_op(o.ino, o.op)
        else thule_internal.entry_path(o.parent, o.name, o.op) end as path, o.ino, o.off, o.len
from thule.op o
left join thule.op_kind k on k.id = o.kind;
create view fx.file as
with recursive tree (ino, path, depth) as (
    select 1::bigint, ''::text, 0
    union all
    select d.ino, t.path || '/' || thule.escape_name(d.name), t.depth + 1
    from tree t
    cross join lateral (select e.ino, e.name from thule.dirent e where e.parent = t.ino offset 0) d
    where t.depth < thule_internal.max_depth()
)
select case t.path when '' then '/' else t.path end as path, i.ino, i.size, i.nlink
from tree t
join thule.inode i on i.ino = t.ino
where i.nlink > 0;
-- What had names as of the op before each, and no more as of it: names that went, or were taken.
create view fx.gone as
select o.op, f.path, f.ino, f.kind, f.size, f.octal, f.uid as owner_uid, k.name as how
from thule.op o
join thule.op_kind k on k.id = o.kind and k.name in ('unlink', 'rmdir', 'rename')
cross join lateral thule.file_at_op(o.op - 1) f
where f.path = case k.name when 'rename' then thule_internal.entry_path(o.new_parent, o.new_name, o.op)
    else thule_internal.entry_path(o.parent, o.name, o.op) end;

create function fx.differs(what text) returns table (what text, path text) language sql as $$
    select distinct 'more ' || what, path from (
        (select 'change', op, kind, path, ino, off, len from thule.change except all select 'change', op, kind, path, ino, off, len from fx.change)
        union all
        (select 'file', 0, null, path, ino, size, nlink from thule.file except all select 'file', 0, null, path, ino, size, nlink from fx.file)
        union all
        -- Called by path, views give what conditions on path do.
        (select 'file(path)', 0, null, g.path, g.ino, 0, 0 from (select distinct path from thule.file) p
            cross join lateral thule.file(p.path) g
            except all select 'file(path)', 0, null, path, ino, 0, 0 from fx.file)
        union all
        (select 'change(path)', op, kind, g.path, ino, off, len from (select distinct path from fx.change where path is not null) p
            cross join lateral thule.change(p.path) g
            except all select 'change(path)', op, kind, path, ino, off, len from fx.change where path is not null)
    ) m (what, op, kind, path, ino, off, len)
    union all
    select distinct 'less ' || what, path from (
        (select 'change', op, kind, path, ino, off, len from fx.change except all select 'change', op, kind, path, ino, off, len from thule.change)
        union all
        (select 'file', 0, null, path, ino, size, nlink from fx.file except all select 'file', 0, null, path, ino, size, nlink from thule.file)
        union all
        (select 'file(path)', 0, null, path, ino, 0, 0 from fx.file except all
            select 'file(path)', 0, null, g.path, g.ino, 0, 0 from (select distinct path from thule.file) p
            cross join lateral thule.file(p.path) g)
        union all
        (select 'change(path)', op, kind, path, ino, off, len from fx.change where path is not null except all
            select 'change(path)', op, kind, g.path, ino, off, len from (select distinct path from fx.change where path is not null) p
            cross join lateral thule.change(p.path) g)
    ) l (what, op, kind, path, ino, off, len)
$$;

-- Functions that take a directory give what conditions on path do, of what is, was, or never was one.
create function fx.differs_below(state text) returns table (what text, dir text, path text) language plpgsql as $$
#variable_conflict use_column
begin
    create temp table f on commit drop as select f.path, f.ino from fx.file f where f.path <> '/';
    create temp table c on commit drop as select c.path, c.op from fx.change c where c.path <> '/';
    analyze f, c;
    return query
    select distinct w.what || ' ' || differs_below.state, d.dir, w.path
    from (
        select distinct coalesce(regexp_replace(a.path, case when a.i then '/[^/]*$' else 'x*$' end, ''), '') as dir
        from (select f.path, true from f union select c.path, true from c union (select f.path, false from f order by md5(f.path) limit 9)) a (path, i)
    ) d
    cross join lateral (
        with f as materialized (select f.ino as n, f.path from f where starts_with(f.path, d.dir || '/')),
            c as materialized (select c.op as n, c.path from c where starts_with(c.path, d.dir || '/')),
            files_in as materialized (select u.ino as n, u.path from thule.files_in(d.dir || '/') u),
            files_under as materialized (select u.ino as n, u.path from thule.files_under(d.dir || '//') u),
            changes_under as materialized (select u.op as n, u.path from thule.changes_under(d.dir || '/') u)
        select 'more files_in', * from (select * from files_in except all select * from f) x
        union all (select 'more files_in', * from files_in where strpos(substr(files_in.path, length(d.dir) + 2), '/') > 0)
        union all select 'less files_in', * from (select * from f where strpos(substr(f.path, length(d.dir) + 2), '/') = 0 except all select * from files_in) x
        union all select 'more files_under', * from (select * from files_under except all select * from f) x
        union all select 'less files_under', * from (select * from f except all select * from files_under) x
        union all select 'more changes_under', * from (select * from changes_under except all select * from c) x
        union all select 'less changes_under', * from (select * from c except all select * from changes_under) x
    ) w (what, n, path);
    drop table f, c;
end $$;


-- A random history of directories and files that are made, moved, replaced, exchanged, linked and removed.
select setseed(0.12);
create function fx.some(kinds text[]) returns text language sql as $$
    select path from fx.file join thule.inode using (ino) where thule.mode_kind(mode) = any (kinds) and path <> '/' order by random() limit 1
$$;
create function fx.random_ops(n integer) returns void language plpgsql as $$
declare
    a    text;
    b    text;
    into_dir text;
    name text;
begin
    for i in 1..n loop
        into_dir := coalesce(case when random() < 0.8 then fx.some('{directory}') end, '');
        name := into_dir || '/' || (array['a', 'b', 'c', 'space here', 'tab\x09', 'back\x5cslash', 'nul\xff', 'ünï', 'e' || i])[1 + floor(random() * 9)];
        a := fx.some('{file,symlink}');
        begin
            case floor(random() * 11)
            when 0, 1 then if thule.resolve(name) is null then perform fx.mkdir(name); end if;
            when 2, 3 then if thule.resolve(name) is null then perform fx.create(name); end if;
            when 4 then perform fx.write(a, floor(random() * 10)::bigint, 'abc') where fx.kind(a) = 'file';
            when 5 then perform fx.chmod(a, floor(random() * 4096)::integer) where a is not null;
            when 6 then perform fx.link(a, name) where a is not null and thule.resolve(name) is null;
            when 7 then perform fx.unlink(a, random() < 0.3 and fx.kind(a) = 'file') where a is not null;
            when 8 then perform fx.rename(a, name) where a is not null and coalesce(fx.kind(name), 'file') <> 'directory'
                and thule.resolve(a) is distinct from thule.resolve(name);
            when 9 then
                a := fx.some('{directory}');
                b := fx.some('{directory}');
                if a is null or left(name || '/', length(a) + 1) = a || '/' then
                    null;
                elsif random() < 0.3 then
                    perform fx.unlink(a) where not exists (select from thule.dirent where parent = thule.resolve(a));
                elsif thule.resolve(name) is null then
                    perform fx.rename(a, name);
                elsif b is not null and left(b || '/', length(a) + 1) <> a || '/' and left(a || '/', length(b) + 1) <> b || '/' then
                    perform fx.exchange(a, b);
                end if;
            when 10 then if thule.resolve(name) is null then perform fx.symlink(name, 'to\x'); end if;
            end case;
        end;
    end loop;
end $$;
create function fx.kind(path text) returns text language sql
return (select thule.mode_kind(mode) from thule.inode where ino = thule.resolve(path));
select fx.random_ops(500);
select cmp_ok((select count(*) from fx.change where kind = 'rename' and ino in (select parent from thule.dirent union select parent from thule.dirent_history)), '>',
    5::bigint, 'the history moves directories');
select is_empty($$select * from thule.fsck where severity = 'error'$$, 'and is sound');
select is_empty($$select * from fx.differs('')$$, 'paths are those of each row by itself');
select is_empty($$select * from fx.differs_below('')$$, 'paths are those of each row by itself, below directories');
analyze;
select is_empty($$select * from fx.differs('with statistics')$$, 'whatever the planner knows');

select cmp_ok((select count(*) from thule.deleted_file), '>', 30::bigint, 'much was deleted');
select results_eq('select op, path, ino, kind, size, octal, owner_uid, how from thule.deleted_file order by op',
    'select op::bigint, path, ino, kind, size, octal, owner_uid, how from fx.gone order by op', 'deleted files are what went at each op');
select is_empty($$select d.op, d.path, d.nlink, (select count(*) from thule.file_at_op(d.op) f where f.ino = d.ino)
    from thule.deleted_file d where d.nlink <> (select count(*) from thule.file_at_op(d.op) f where f.ino = d.ino)$$,
    'and know how many names were left');
select set_eq($$select g.op, g.path, g.ino from (select distinct path from thule.deleted_file) d
    cross join lateral thule.deleted_file(d.path) g$$, 'select op, path, ino from thule.deleted_file', 'also when they are asked for by path');
select is_empty('select d.op from thule.deleted_file d left join thule.change c using (op)
    where d.at <> c.at or (d.uid, d.username, d.pid, d.exe, d.host) is distinct from (c.uid, c.username, c.pid, c.exe, c.host)',
    'and who did it');
select is_empty($$select d.op from thule.deleted_file d where d.kind = 'file'
    and octet_length(thule.content_at_op(d.path, d.op - 1)) <> d.size$$, 'and what was in it can be read');

-- Who deleted it is not known where the log was pruned; that it is gone is.
savepoint logged;
create temp table removed as select op, ino, path from thule.deleted_file where nlink = 0;
delete from thule.op where op < 350;
select results_eq('select op, ino, path from thule.deleted_file where op < 350 order by op',
    'select op, ino, path from removed where op < 350 order by op', 'what went is seen without its op');
select is((select count(*) from thule.deleted_file where op < 350 and (how is not null or uid is not null)), 0::bigint, 'but not who did it');
rollback to logged;

-- The past goes first, and the log later: thule_internal.prune_begin.
create function fx.prune(horizon bigint) returns void language plpgsql as $$
begin
    perform thule_internal.prune_begin(horizon);
    while not (select done from thule_internal.prune_step(1000)) loop
    end loop;
end $$;
select fx.prune(300);
select is_empty($$select * from fx.differs('pruned')$$, 'paths after the past was pruned');
select is_empty($$select * from fx.differs_below('pruned')$$, 'paths after the past was pruned, below directories');
select is_empty('select * from thule.deleted_file where op <= 300', 'which knows no deleted files any more');
select thule_internal.prune_inodes(array(select distinct parent from thule.dirent where parent > 1), 450);
select is_empty($$select * from fx.differs('pruned by path')$$, 'and that of some directories');
select is_empty($$select * from fx.differs_below('pruned by path')$$, 'and that of some directories, below directories');
select thule_internal.prune_log(1000);
select is_empty($$select * from fx.differs('pruned log')$$, 'and the log');
select is_empty($$select * from fx.differs_below('pruned log')$$, 'and the log, below directories');

-- Deep, and in circles.
select fx.unchecked();
insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from, valid_from)
    select i, 16877, 3, 0, 0, 0, 4096, 4096, 0, 0, 0, 0, 5000, fx.at(5000) from generate_series(5001, 7100) i
    union all select i, 16877, 3, 0, 0, 0, 4096, 4096, 0, 0, 0, 0, 5000, fx.at(5000) from unnest(array[8000, 8001, 8016, 8017]) i;
insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
    select case i when 5001 then 1 else i - 1 end, 'd' || (i % 7)::text::bytea, i, i, i, fx.at(i) from generate_series(5001, 7100) i;
insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from) values
    (8001, 'x', 8000, 8000, 5000, fx.at(5000)), (8000, 'y', 8001, 8001, 5000, fx.at(5000)),
    (8016, 'z', 8017, 8002, 5000, fx.at(5000)), (8017, 'q', 8016, 8003, 5000, fx.at(5000));
insert into thule.op (op, at, kind, ino, parent, name, actor, mount)
    select d.op_from * 2, fx.at(20000), 2, d.ino, d.parent, d.name, 17, 1 from thule.dirent d where d.ino between 5001 and 7100
    union all select 20000 + d.ino, fx.at(20000), 12, d.ino, null, null, 17, 1 from thule.dirent d where d.ino >= 5001;
select is_empty($$select c.op, c.path, f.path
    from (select op, path from thule.change offset 0) c
    cross join lateral (select f.path from fx.change f where f.op = c.op offset 0) f
    where (c.op % 61 < 2 or c.op between 27040 and 27060 or c.op > 27098) and c.path is distinct from f.path$$, 'changes of what is deep');
select is((select count(path) from thule.change where op > 20000), 2048::bigint, 'those have a path that are not too deep');
select is_empty($$(select path, ino from thule.file except all select path, ino from fx.file) union all
    (select path, ino from fx.file except all select path, ino from thule.file)$$, 'files that are deep');
select is((select max(length(path) - length(replace(path, '/', ''))) from thule.file), thule_internal.max_depth(), 'to the deepest that there are');

select * from finish();
rollback;
