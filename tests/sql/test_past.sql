-- thule.instant_op, inode_at_op, entry_at_op, tree_at_op, guard, diff and blame.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();
-- 107 to 115
select fx.write('/dir/file', 6, 'WORLD');
select fx.chmod('/dir/file', 384);
select fx.rename('/dir/sub', '/moved');
select fx.unlink('/empty');
select fx.create('/new');
select fx.write('/new', 0, 'abc');
select fx.truncate('/new', 0);
select fx.create('/short');
select fx.unlink('/short');

-- Instants.
select is(thule.instant_op('op:103'), 103::bigint, 'an op is itself');
select is(thule.instant_op(fx.at(105)::text), 105::bigint, 'the time of an op');
select is(thule.instant_op((fx.at(105) + interval '0.9 s')::text), 105::bigint, 'and until the next');
select is(thule.instant_op('now'), 115::bigint, 'now');
select is(thule.instant_op(null), null, 'null for null');
select throws_ok($$select thule.instant_op('2023-01-01')$$, 'P0002', null, 'before the beginning');
select throws_ok($$select thule.instant_op('2999-01-01')$$, 'P0002', null, 'in the future');
select throws_ok($$select thule.instant_op('op:116')$$, 'P0002', null, 'an op that has not happened');
select throws_ok($$select thule.instant_op('soon')$$, '22007', null, 'no instant');
insert into thule.snapshot (name, op, at, created_by) values ('kept', 103, fx.at(103), 'ada');
update thule.superblock set pruned_op = 110, pruned_before = fx.at(110);
select is(thule.instant_op('op:110'), 110::bigint, 'the oldest that was not pruned');
select throws_ok($$select thule.instant_op('op:109')$$, 'P0002', null, 'pruned');
select is(thule.instant_op('kept'), 103::bigint, 'a snapshot is not');
select is(thule.instant_op('op:103'), 103::bigint, 'by whatever name');
update thule.superblock set pruned_op = 0, pruned_before = null;

-- Versions.
select is((select mode & 4095 from thule_internal.inode_at_op(102, 107)), 420, 'the mode before chmod');
select is((select mode & 4095 from thule_internal.inode_at_op(102, 108)), 384, 'and after');
select is_empty('select * from thule_internal.inode_at_op(103, 110)', 'no inode after unlink');
select is_empty('select * from thule_internal.inode_at_op(103, 104)', 'nor before create');
select is((select array_agg(convert_from(name, 'UTF8') order by name) from thule_internal.entry_at_op(1, 108)),
    array['dir', 'empty', 'link'], 'names before');
select is((select array_agg(convert_from(name, 'UTF8') order by name) from thule_internal.entry_at_op(1, 115)),
    array['dir', 'link', 'moved', 'new'], 'names after');
select is((select string_agg(replace(encode(path, 'escape'), '\000', '/'), ' ') from thule_internal.tree_at_op(1, 108)),
    '. ./dir ./dir/file ./dir/sub ./dir/sub/hard ./empty ./link', 'a tree, in its order');

-- Differences.
create function pg_temp.diff(a bigint, b bigint, top text default null) returns text[] language sql
return (select array_agg(concat_ws(' ', change, old_path, path, array_to_string(what, ','), op))
    from thule_internal.diff_ops(a, b, top));
select is(pg_temp.diff(106, 115), array['modified /dir/file content,mode 108', 'removed /empty 110',
    'renamed /dir/sub /moved  109', 'modified /moved/hard content,mode 108', 'added /new 113'], 'everything');
update pg_catalog.pg_class set reltuples = 1000000 where oid = 'thule.dirent'::regclass;
select is(pg_temp.diff(106, 115), array['modified /dir/file content,mode 108', 'removed /empty 110',
    'renamed /dir/sub /moved  109', 'modified /moved/hard content,mode 108', 'added /new 113'],
    'names by ops where there are far more names');
set local thule.many_ops = 0;
select is(pg_temp.diff(106, 115), array['modified /dir/file content,mode 108', 'removed /empty 110',
    'renamed /dir/sub /moved  109', 'modified /moved/hard content,mode 108', 'added /new 113'], 'as if these were many ops');
reset thule.many_ops;
update thule.superblock set log_op = 112;
create temp table gone as select * from thule.op where op > 106 and op < 112;
delete from thule.op where op > 106 and op < 112;
select is((select array_agg(concat_ws(' ', change, path)) from thule_internal.diff_ops(106, 115, null)),
    array['modified /dir/file', 'removed /empty', 'renamed /moved', 'modified /moved/hard', 'added /new'],
    'where the log was pruned, and a snapshot is left');
select is((select array_agg(op order by op) from thule_internal.diff_ops(106, 115, null)), '{108,108,109,110,113}', 'by which ops, all the same');
insert into thule.op select * from gone;
update thule.superblock set log_op = 0;
select is(pg_temp.diff(106, 115, '/dir'), array['modified /dir/file content,mode 108', 'renamed /dir/sub /moved  109'],
    'of a directory');
select is(pg_temp.diff(106, 115, '/dir/sub/hard'), array['renamed /dir/sub /moved  109'],
    'of a file whose directory is elsewhere');
select is(pg_temp.diff(107, 108), array['modified /dir/file mode 108', 'modified /dir/sub/hard mode 108'],
    'one op, of a file with two names');
select is(pg_temp.diff(113, 115), null, 'what came and went is no difference');
select is(pg_temp.diff(115, 115), null, 'nothing');
select is((select count(*) from thule.diff(fx.at(106), fx.at(115))), 5::bigint, 'by time');
select results_eq($$select change, path, old_path, old_size, new_size from thule_internal.diff_ops(115, 106, null) order by 1, 2, 3$$,
    $$select case change when 'added' then 'removed' when 'removed' then 'added' else change end,
        case when change = 'renamed' then old_path else path end, case when change = 'renamed' then path end, new_size, old_size
        from thule_internal.diff_ops(106, 115, null) order by 1, 2, 3$$, 'backwards: the way back');
select throws_ok($$select thule_internal.diff_ops(106, 115, 'dir')$$, '22023', null, 'a relative path');
-- 116 to 118: another file with that name, and bytes that are put back by the blob they were in.
select fx.create('/tmp');
select fx.rename('/tmp', '/new');
select is(pg_temp.diff(115, 117), array['replaced /new 117'], 'another file with the name');
select fx.write('/dir/file', 6, 'again');
insert into thule.extent_history select ino, file_off, len, blob, blob_off, op_from, 119
    from thule.extent where ino = 102 and file_off = 6;
update thule.extent e set blob = h.blob, blob_off = h.blob_off, op_from = 119
    from thule.extent_history h where e.ino = 102 and e.file_off = 6 and h.ino = 102 and h.op_from = 107;
select fx.chmod('/dir/file', 384);
select is(pg_temp.diff(117, 119), null, 'bytes that were put back');
select is(pg_temp.diff(117, 118), array['modified /dir/file content 118', 'modified /moved/hard content 118'],
    'are content until then');

-- Who wrote what.
select is((select array_agg(concat_ws(' ', off, len, op, username) order by off) from thule.blame('/dir/file')),
    array['0 6 103 ada', '6 5 119 ada'], 'ranges now');
select is((select array_agg(concat_ws(' ', off, len, op) order by off) from thule_internal.blame_at_op(102, 106)),
    array['0 11 103'], 'ranges then');
select is_empty($$select * from thule.blame('/new')$$, 'nobody wrote an empty file');

-- Who may reach the past now: the inode and its directories.
select results_eq('select * from thule_internal.guard(102, 106)',
    $$values (true, '33152 1000 1001;16877 1000 1001;16877 0 0')$$, 'a file that was closed since');
select is((select stricter from thule_internal.guard(102, 108)), false, 'and not since');
select is((select stricter from thule_internal.guard(101, 106)), true, 'a directory that was moved');
select results_eq('select * from thule_internal.guard(103, 106)', $$values (false, '33188 1000 1001;16877 0 0')$$, 'what is gone');
select is_empty('select from thule_internal.guard(9999, 106) where guard is not null', 'what nobody knows');
create temp table closed as select max(op) + 1 as op from thule.op;
select fx.create('/closed');
select fx.chmod('/closed', 384);
select fx.unlink('/closed');
select results_eq('select g.* from closed c cross join thule_internal.guard((select ino from thule.op o where o.op = c.op), c.op) g',
    $$values (true, '33152 1000 1001;16877 0 0')$$, 'what was closed before it went');
create temp table hidden as select max(op) + 2 as op from thule.op;
select fx.mkdir('/hidden');
select fx.create('/public');
select fx.chmod('/hidden', 448);
select fx.rename('/public', '/hidden/public');
select fx.unlink('/hidden/public');
select results_eq('select g.* from hidden h cross join thule_internal.guard((select ino from thule.op o where o.op = h.op), h.op) g',
    $$values (true, '33188 1000 1001;16832 1000 1001;16877 0 0')$$, 'what went from a closed directory');

-- An access list is shown; where it is another one than then, it counts as stricter.
create temp table before_list as select max(op) as op from thule.op;
select fx.setxattr('/dir/file', 'system.posix_acl_access', '\x02ff', 384);
select results_eq('select * from thule_internal.guard(102, (select op from before_list))',
    $$values (true, '33152 1000 1001 02ff;16877 1000 1001;16877 0 0')$$, 'a file with an access list');
select is((select stricter from thule_internal.guard(102, (select op + 1 from before_list))), false, 'and not since');
select fx.setxattr('/dir/file', 'system.posix_acl_access', '\x02', 384);
select is((select stricter from thule_internal.guard(102, (select op + 1 from before_list))), true, 'another list than then');

select * from finish();
rollback;
