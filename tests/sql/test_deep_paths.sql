-- Directories in each other, deep and in circles: each is looked up once where many are asked about, what is deeper than
-- thule_internal.max_depth() has no path and is nobody's to reach, and every walk ends.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();
select fx.unchecked();

-- Makes n directories in each other, as mkdir does, from inode and op `base` on.
create function fx.nest(n bigint, base bigint) returns void language sql
begin atomic
    insert into thule.op (op, at, kind, ino, parent, name, actor, mount)
        select base + k, fx.at(base + k), 2, base + k, case k when 1 then 1 else base + k - 1 end,
            case k when 1 then convert_to('top' || base, 'UTF8') else 'd' end, 17, 1 from generate_series(1, n) k;
    insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from,
        valid_from)
        select base + k, 16877, 3, 1000, 1001, 0, 4096, 4096, 0, 0, 0, 0, base + k, fx.at(base + k) from generate_series(1, n) k;
    insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
        select case k when 1 then 1 else base + k - 1 end, case k when 1 then convert_to('top' || base, 'UTF8') else 'd' end,
            base + k, base + k, base + k, fx.at(base + k) from generate_series(1, n) k;
    update thule.superblock set next_op = base + n + 1, next_ino = base + n + 1;
end;

-- The same paths come out of both ways to ask for them, at every op.
select fx.mkdir('/a'), fx.mkdir('/a/b'), fx.mkdir('/a/b/c'), fx.rename('/a/b', '/b'), fx.mkdir('/b/c/d'), fx.unlink('/b/c/d'),
    fx.rename('/b/c', '/a/c'), fx.rename('/a', '/z\x0a');
select is_empty($$
    select o.op, i.ino, p.path, thule.path_at_op(i.ino, o.op)
    from thule.op o
    cross join (select ino from thule.inode where mode & 61440 = 16384
        union select ino from thule.inode_history where mode & 61440 = 16384) i
    left join lateral thule_internal.directory_paths(array[i.ino], o.op) p on p.ino = i.ino
    where case p.path when '' then '/' else p.path end is distinct from thule.path_at_op(i.ino, o.op)$$,
    'a directory has one path, however it is asked for');

create table fx.cost (what text, size integer, buffers bigint);
create function fx.measure(size integer, base bigint) returns void language plpgsql as $$
begin
    perform fx.nest(size, base);
    analyze thule.dirent, thule.inode, thule.op;
    insert into fx.cost
    select w.what, size, fx.buffers(w.query)
    from (values
        ('directory_paths', format('select * from thule_internal.directory_paths(array(select ino from thule.inode), %s)', base + size)),
        ('file', 'select path from thule.file'),
        ('file_at_op', format('select path from thule.file_at_op(%s)', base + size)),
        ('entries_at_op', format('select * from thule_internal.entries_at_op(1, %s)', base + size)),
        ('inodes_under', $q$select * from thule.inodes_under('/')$q$),
        ('subtree_spans', $q$select * from thule_internal.subtree_spans('/')$q$),
        ('diff', format('select * from thule_internal.diff_ops(%s, %s, null)', base, base + size)),
        ('usage', format('select * from thule.usage(%L, %L, %L)', 'directory', fx.at(base + 1), fx.at(base + size))),
        ('unreachable', 'select * from thule_internal.fsck_directory_unreachable()')
    ) w (what, query);
end $$;
select fx.measure(300, 10000);
select fx.measure(1500, 20000);
-- 1,800 directories then, 300 before: of the deeper tree and of all there is.
select is_empty($$select l.what, s.buffers, l.buffers from fx.cost l join fx.cost s using (what)
    where s.size = 300 and l.size = 1500 and l.buffers > 12 * s.buffers$$, 'each directory is looked up once');
select is_empty($$select what, size, buffers from fx.cost where buffers > 100 * (size + 320)$$, 'with a few buffers for each');
select is((select count(*) from thule.file f where f.path like '/top20000%'), 1500::bigint, 'and all are there');
select cmp_ok(fx.buffers('select path from thule.change where op > 21480'), '<', 20 * 1500 * 8::bigint,
    'each row of the log costs as much as it is deep');
select is_empty($$select k, thule.path(20000 + k) from generate_series(1, 60) k
    where thule.path(20000 + k) is distinct from '/top20000' || repeat('/d', k - 1)$$, 'there is a path at every depth');
select is((select path from thule.change where op = 21500), '/top20000' || repeat('/d', 1499), 'and has its path');

-- An undo of them all prints a plan.
select thule_internal.undo_prepare('{"until": "2024-01-01 05:58:20+00", "since": "2024-01-01 05:33:21+00"}');
select cmp_ok(fx.buffers('select * from thule_internal.change_plan()'), '<', 100 * 1800::bigint, 'a plan looks each of them up once');
select is((select max(length(path)) from thule_internal.change_plan()), length('/top20000' || repeat('/d', 1499)), 'and says where it is');

-- Deeper than that: no path, for nobody but root to reach.
select fx.nest(thule_internal.max_depth() + 10, 30000);
select is(thule.path(30000 + thule_internal.max_depth()), '/top30000' || repeat('/d', thule_internal.max_depth() - 1), 'the deepest path');
select is(thule.path(30001 + thule_internal.max_depth()), null, 'deeper there is none');
select is((select count(*) from thule_internal.directory_paths(array[30000::bigint + thule_internal.max_depth(), 30001 + thule_internal.max_depth()],
    9223372036854775807)), thule_internal.max_depth() + 1::bigint, 'nor in this way');
select is((select count(*) from thule.file where path like '/top30000%'), thule_internal.max_depth()::bigint, 'nor here');
select is(thule_internal.entry_path(30001 + thule_internal.max_depth(), 'x', 9223372036854775807), null, 'nor for a name in it');
select isnt((select guard from thule_internal.guard(30000 + thule_internal.max_depth(), 50000)), null, 'the deepest has a guard');
select is((select guard from thule_internal.guard(30001 + thule_internal.max_depth(), 50000)), null, 'deeper nothing is allowed');
select throws_ok('select count(*) from thule_internal.tree_at_op(1, 50000)', '54000', null, 'a stream of files leaves nothing out in silence');
select is((select max(path) from thule.change where op = 30005 + thule_internal.max_depth()), null, 'the log has such rows all the same');

-- Nor does a plan that takes them back climb from each of them.
select thule_internal.undo_prepare(format('{"since": "%s", "until": "%s"}', fx.at(30001), fx.at(40000))::jsonb);
select cmp_ok(fx.buffers('select * from thule_internal.change_plan()'), '<', 40 * (thule_internal.max_depth() + 2000)::bigint,
    'a plan of what is too deep');
select is((select count(*) from thule_internal.change_plan() where path = 'd'), 9::bigint, 'which has names, and no paths');

-- In circles.
insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from,
    valid_from)
    select i, 16877, 3, 0, 0, 0, 4096, 4096, 0, 0, 0, 0, 100, fx.at(100) from unnest(array[901, 902, 903, 904]) i;
insert into thule.dirent values
    (901, 'b', 902, 50, 100, fx.at(100)), (902, 'a', 901, 51, 100, fx.at(100)), (903, 'self', 903, 52, 100, fx.at(100)),
    (901, 'below', 904, 53, 100, fx.at(100));
select is(thule.path(i), null, format('%s in a circle has no path', i)) from unnest(array[901, 902, 903, 904]) i;
select is((select guard from thule_internal.guard(i, 50000)), null, format('nor a guard: %s', i)) from unnest(array[901, 902, 903, 904]) i;
select results_eq('select * from thule_internal.directory_paths(array[901, 902, 903, 904], 9223372036854775807)',
    $$values (1::bigint, '')$$, 'nor others with them');
select set_eq('select ino from thule_internal.entries_at_op(901, 50000)', 'values (901::bigint), (902), (904)', 'entries end');
-- And with a name that leads there.
insert into thule.dirent values (1, 'in', 901, 54, 99, fx.at(99)), (1, 'in3', 903, 55, 99, fx.at(99));
select set_eq($$select * from thule.inodes_under('/in')$$, 'values (901::bigint), (902), (904)', 'what is under a path');
select set_eq($$select ino from thule_internal.subtree_spans('/in')$$, 'values (901::bigint), (902), (904)', 'what ever was');
insert into thule.quota (kind, id, ino, name, inodes_limit) values (2, 7, 901, '/in', 5);
select set_eq('select ino from thule.quota_tree', 'values (901::bigint), (902), (904)', 'what counts for a tree');
insert into thule.hold (ino, path, by) values (901, '/in', 'test');
select set_eq('select * from thule_internal.held_inodes()', 'values (901::bigint), (902), (904)', 'what is held');
select throws_ok('select count(*) from thule_internal.tree_at_op(901, 50000)', '54000', null, 'a stream of a circle');
select cmp_ok((select count(*) from thule.file where path like '/in%'), '<=', 5 * thule_internal.max_depth()::bigint, 'all files');

select * from finish();
rollback;
