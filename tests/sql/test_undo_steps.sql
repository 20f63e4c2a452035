-- Each op of an undo or a restore is an instant like any other, and can be undone from there on.
begin;
\ir undo_fixture.sql
select fx.tree();
select thule_internal.lease_take();
create function pg_temp.tree(at_op bigint default 9223372036854775807) returns setof text language sql as $$
select format('%s %s %s %s %s %s %s %s', f.path, f.ino, f.kind, f.mode, f.size, f.nlink, case when f.kind = 'file' then
    encode(thule.content_at_op(f.path, at_op), 'escape') end,
    (select string_agg(format('%s=%s', x.name, x.value), ' ' order by x.name) from thule_internal.xattrs_at_op(f.ino, at_op) x))
from thule.file_at_op(at_op) f order by f.path $$;
create function pg_temp.kinds(of text) returns text language sql as $$
select string_agg(k.name, ' ' order by o.op) from thule.op o join thule.op_kind k on k.id = o.kind where o.tag = of $$;
-- Of each op of the last request: what is undone from it on is as it was before it, and its times are its own.
create function pg_temp.each() returns setof text language plpgsql as $$
declare
    what text := (select format('%s:%s', kind, id) from thule.request order by id desc limit 1);
    first bigint := (select min(op) from thule.op where tag = what);
    last  bigint := (select max(op) from thule.op where tag = what);
    told jsonb;
begin
    return next is(0::bigint, (select count(*) from (select * from thule.inode union all select * from thule.inode_history) i
        where i.op_from between first and last and thule.ns_time(i.ctime_ns) <> (select o.at from thule.op o where o.op = i.op_from)),
        'ctime is that of the op');
    return next is(0::bigint, (select count(*) from thule.op o where o.op between first and last
        and not exists (select from (select * from thule.inode union all select * from thule.inode_history) i
            where i.ino in (o.ino, o.parent) and i.op_from = o.op)), 'each op begins a version');
    for k in first .. last loop
        begin
            told := pg_temp.run('undo', jsonb_build_object('since', 'op:' || k)) -> 'conflicts';
            return next is(told, '[]', format('undone from op %s of %s on', k - first, what));
            return next set_eq('select pg_temp.tree()', format('select pg_temp.tree(%s)', k - 1), format('as before op %s of %s', k - first, what));
            return next is_empty('select * from thule.fsck', 'sound');
            raise exception 'back';
        exception when raise_exception then
            null;
        end;
    end loop;
end $$;

select fx.mkdir('/d'), fx.create('/d/f'), fx.write('/d/f', 0, 'base'), fx.setxattr('/d/f', 'user.one', 'base'),
    fx.setxattr('/d/f', 'user.two', 'base'), fx.create('/d/gone'), fx.write('/d/gone', 0, 'gone'), fx.link('/d/gone', '/d/gone2'),
    fx.mkdir('/d/sub'), fx.create('/d/sub/in'), fx.mkdir('/d/other');
create temp table before as select pg_temp.tree() as line;
select pg_temp.by(18, 'x');
select fx.write('/d/f', 4, 'more'), fx.chmod('/d/f', 384), fx.setxattr('/d/f', 'user.one', null), fx.setxattr('/d/f', 'user.two', 'x'),
    fx.setxattr('/d/f', 'user.new', 'x'), fx.rename('/d/f', '/d/other/f'), fx.link('/d/other/f', '/d/link'), fx.unlink('/d/gone'), fx.unlink('/d/gone2'),
    fx.unlink('/d/sub/in'), fx.unlink('/d/sub'), fx.mkdir('/d/new'), fx.create('/d/new/in'), fx.write('/d/new/in', 0, 'new'),
    fx.rename('/d/other', '/d/new/other');
create temp table after as select pg_temp.tree() as line;
select is(pg_temp.run('undo', '{"tag": "x"}') -> 'conflicts', '[]', 'undone');
select set_eq('select pg_temp.tree()', 'select line from before', 'as before');
select pg_temp.each();
select is(pg_temp.run('undo', jsonb_build_object('tag', format('undo:%s', max(id)))) -> 'conflicts', '[]', 'and back') from thule.request;
select set_eq('select pg_temp.tree()', 'select line from after', 'as after');
select pg_temp.each();
select pg_temp.run('restore', jsonb_build_object('path', '/d', 'at', 'op:' || min(op) - 1)) from thule.op where tag = 'x';
select set_eq('select pg_temp.tree()', 'select line from before', 'restored');
select pg_temp.each();
select is_empty('select * from thule.fsck', 'sound in the end');
select * from finish();
rollback;
