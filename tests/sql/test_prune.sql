-- Pruning: what goes, what stays, and that the states which are kept are what they were.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();                                       -- ops 100 to 106
-- 107 to 118
select fx.write('/dir/file', 0, 'HELLO');
select fx.chmod('/dir/file', 384);
select fx.rename('/dir', '/moved');
select fx.create('/moved/gone');
select fx.write('/moved/gone', 0, 'to be removed');
select fx.unlink('/moved/gone');
select fx.write('/empty', 0, 'no more');
select fx.write('/empty', 0, 'at all!');
select fx.create('/moved/late');
select fx.write('/moved/late', 0, 'late');
select fx.unlink('/moved/late');
select fx.chmod('/moved', 448);
-- A blob that only the past has is not freed.
select is((thule_internal.free_blobs(array(select blob from thule.extent_history))).blobs, 0::bigint, 'blobs of the past stay');

create table fx.copy as
    select op, path, ino, kind, mode, uid, gid, size, nlink, mtime,
        case kind when 'file' then thule.content_at_op(path, op) end as content
    from generate_series(100, 118) op, thule.file_at_op(op);
create function fx.changed(first bigint, last bigint default 118) returns setof fx.copy language sql as $$
    (select * from fx.copy where op between first and last)
    except
    (select op, path, ino, kind, mode, uid, gid, size, nlink, mtime,
        case kind when 'file' then thule.content_at_op(path, op) end
     from generate_series(first, last) op, thule.file_at_op(op))
$$;
create function fx.unused_blobs() returns bigint language sql as $$
    select count(*) from thule.blob b where not exists (select from thule.extent e where e.blob = b.id)
        and not exists (select from thule.extent_history e where e.blob = b.id)
$$;
create function fx.prune(max_rows integer default 1000) returns integer language plpgsql as $$
begin
    for steps in 1..1000 loop
        if (select done from thule_internal.prune_step(max_rows)) then
            return steps;
        end if;
    end loop;
end $$;
select is_empty('select * from thule.fsck', 'sound before');
select is_empty('select * from fx.changed(100)', 'the copies are right');

-- The horizon.
select is(thule_internal.prune_horizon(null, 'op:112', null), 112::bigint, 'by instant');
select is(thule_internal.prune_horizon(null, '1999-01-01', null), 0::bigint, 'before the beginning there is nothing');
select is(thule_internal.prune_horizon('1 day', null, null), 118::bigint, 'by age');
select is(thule_internal.prune_horizon('100 years', null, null), 0::bigint, 'by an age that nothing has');
select throws_ok($$select thule_internal.prune_horizon(null, null, null)$$, 'P0002', null, 'by nothing');
select throws_ok($$select thule_internal.prune_horizon('soon', null, null)$$, '22023', null, 'by no age');
select throws_ok($$select thule_internal.prune_horizon('-1 day', null, null)$$, '22023', null, 'by a negative age');
select throws_ok($$select thule_internal.prune_horizon(null, '2999-01-01', null)$$, '22023', null, 'by the future');
select throws_ok($$select thule_internal.prune_begin(119)$$, '22023', null, 'at an op that has not happened');
-- What only the past has: HELLO's 5 bytes, "to be removed" (13) until 112, "no more" (7) until 114, "late" (4) until 117.
select is(thule_internal.prune_horizon(null, null, 1000), 0::bigint, 'by a size that is not reached');
select is(thule_internal.prune_horizon(null, null, 11), 112::bigint, 'by size');
select is(thule_internal.prune_horizon(null, null, 3), 117::bigint, 'by a small size');
select is(thule_internal.prune_horizon(null, null, 0), 117::bigint, 'by none');

-- Settings.
select throws_ok($$select thule_internal.config_set('colour', 'red', 'ada')$$, '22023', null, 'an unknown setting');
select throws_ok($$select thule_internal.config_set('retention', 'red', 'ada')$$, '22023', null, 'a value it cannot have');
select throws_ok($$select thule_internal.config_set('retention', '0d', 'ada')$$, '22023', null, 'keeping nothing by accident');
select lives_ok($$select thule_internal.config_set('retention', '90d', 'ada')$$, 'retention');
select lives_ok($$select thule_internal.config_set('retention', '100 years', 'bob')$$, 'retention again');
select is(thule_internal.prune_horizon(null, null, null), 0::bigint, 'is what prune keeps by itself');
select lives_ok($$select thule_internal.config_unset('retention')$$, 'unset');
select throws_ok($$select thule_internal.config_unset('retention')$$, 'P0002', null, 'twice');

-- Pruning to 112, with a snapshot of 103 and the past of /empty held.
select thule_internal.snapshot_create('before', 'ada', 'op:103');
insert into thule.hold (ino, path, by) values (103, '/empty', 'ada');
create temp table preview as select * from thule_internal.prune_preview(112, null);
select thule_internal.prune_begin(112);
create temp table done as select * from thule_internal.prune_step(1000);
select is(d.done, true, 'one step') from done d;
select results_eq('select inodes, names, extents, attributes, blobs, bytes from done',
    'select inodes, names, extents, attributes, blobs, bytes from preview', 'the preview is what happened');
select is(d.blobs, 1::bigint, 'one file is gone for good') from done d;
select is(fx.unused_blobs(), 0::bigint, 'no blob is left over');
select is_empty('select * from fx.changed(112)', 'every state since the horizon is as it was');
select is_empty('select * from fx.changed(103, 103)', 'so is the snapshot''s');
select isnt_empty('select * from fx.changed(104, 111)', 'what is between is not');
select is_empty('select * from thule.fsck', 'sound after');
select throws_ok($$select thule.instant_op('op:110')$$, 'P0002', null, 'a pruned instant');
select throws_ok($$select * from thule.file_at(fx.at(110))$$, 'P0002', null, 'and all that takes a time: the tree');
select throws_ok($$select thule.content('/dir/file', fx.at(111))$$, 'P0002', null, 'content');
select throws_ok($$select thule.resolve('/moved', fx.at(111))$$, 'P0002', null, 'a path');
select throws_ok($$select thule.path(100, fx.at(111))$$, 'P0002', null, 'an inode');
select throws_ok($$select * from thule.diff(fx.at(111), fx.at(118))$$, 'P0002', fx.at(111) || ' was pruned: the past is kept from '
    || (select pruned_before::timestamptz(0) from thule.superblock) || ' (op:112) on', 'differences');
select is((select count(*) from thule.file_at(fx.at(112))), (select count(*) from fx.copy where op = 112), 'the horizon has all');
select is((select count(*) from thule.file_at(fx.at(103))), (select count(*) from fx.copy where op = 103), 'a snapshot, too');
select is(thule.instant_op('before'), 103::bigint, 'the snapshot');
select is(thule.instant_op('op:112'), 112::bigint, 'the horizon');
select throws_ok($$select thule_internal.undo_prepare('{"since": "op:112"}')$$, 'P0002', null, 'an undo that needs it');
select lives_ok($$select thule_internal.undo_prepare('{"since": "op:113"}')$$, 'an undo that does not');
select throws_ok($$select thule_internal.snapshot_create('late', 'ada', 'op:105')$$, 'P0002', null, 'a snapshot of what was pruned');

-- Further, in small steps; the marks only grow.
select thule_internal.prune_begin(110);
select is(pruned_op, 112::bigint, 'an earlier horizon changes nothing') from thule.superblock;
select thule_internal.prune_begin(118);
select cmp_ok(fx.prune(1), '>', 3, 'in small steps');
select is_empty('select * from fx.changed(118)', 'the present and its state are as they were');
select is_empty('select * from fx.changed(103, 103)', 'the snapshot is');
select is_empty('select * from thule.fsck', 'sound');
select is(fx.unused_blobs(), 0::bigint, 'no blob is left over');
select is((select count(*) from thule.extent_history where ino = 103), 1::bigint, 'the held file has its past');
select is(convert_from(thule.read_at_op(103, 113, 0, 100), 'UTF8'), 'no more', 'which can be read');

-- The snapshot and the hold go, and with them what was kept for them.
select thule_internal.snapshot_delete('before');
delete from thule.hold;
update thule.superblock set swept_op = 0;
select fx.prune(2);
select is((select count(*) from thule.inode_history) + (select count(*) from thule.dirent_history)
    + (select count(*) from thule.extent_history), 0::bigint, 'the past is empty');
select is(fx.unused_blobs(), 0::bigint, 'no blob is left over');
select is_empty('select * from fx.changed(118)', 'the present is as it was');
select is_empty('select * from thule.fsck', 'sound');

-- The log.
select is(l.ops, 0::bigint, 'the log stays unless it is asked for') from (select count(*) - 20 as ops from thule.op) l;
select thule_internal.prune_log(3);
do $$
begin
    for steps in 1..100 loop
        exit when (select log_done from thule_internal.prune_log(2));
    end loop;
end $$;
select set_eq('select op from thule.op where op < 118', 'values (103::bigint), (107), (114)',
    'of the log what wrote bytes that are there');
select is_empty($$select e.ino, e.op_from from (select ino, op_from from thule.extent union all select ino, op_from from thule.extent_history) e
    where not exists (select from thule.op o where o.op = e.op_from)$$, 'so that the log has the time of each range of bytes');
select is(log_op, 118::bigint, 'how far the log goes') from thule.superblock;
select throws_ok('select * from thule.feed(50, 10)', 'P0002', null, 'a feed does not skip it');
select is_empty('select * from thule.fsck', 'sound');
select is_empty('select * from fx.changed(118)', 'the present is as it was');

-- What says who may read a snapshot's file that is gone stays as long as that: its last mode, and where it was.
create temp table shut as select fx.create('/shut') as op;
select fx.mkdir('/shut-in');
select thule_internal.snapshot_create('open', 'ada', (select 'op:' || max(op) from thule.op));
select fx.chmod('/shut-in', 448);
select fx.rename('/shut', '/shut-in/shut');
select fx.chmod('/shut-in/shut', 384);
select fx.unlink('/shut-in/shut');
select fx.unlink('/shut-in');
select fx.create('/later');
create temp table guarded as select o.ino, s.op, g.* from shut join thule.op o using (op), thule.snapshot s, thule_internal.guard(o.ino, s.op) g;
select is(guard, '33152 1000 1001;16832 1000 1001;16877 0 0', 'what guards a file that is gone') from guarded;
-- A call for each version would cost more than all the rest.
set local track_functions = 'all';
create temp table foreseen as select * from thule_internal.prune_preview((select max(op) from thule.op), null);
select thule_internal.prune_begin((select max(op) from thule.op));
create temp table gone as select * from thule_internal.prune_step(1000);
select results_eq('select inodes, names, attributes from gone', 'select inodes, names, attributes from foreseen', 'foreseen');
select results_eq('select ino, op, stricter, guard from guarded', 'select w.ino, w.op, g.* from guarded w cross join thule_internal.guard(w.ino, w.op) g',
    'guards its snapshot after prune, too');
select thule_internal.prune_inodes((select array[ino] from guarded), (select max(op) from thule.op));
select results_eq('select stricter, guard from guarded', 'select g.* from guarded w cross join thule_internal.guard(w.ino, w.op) g',
    'and after that of a path');
select is((select sum(calls) from pg_stat_xact_user_functions where funcname in ('guards_snapshot', 'in_snapshot_alone')), null,
    'what a snapshot keeps is asked for in the statements of a prune, without a call');
select thule_internal.snapshot_delete('open');
select fx.prune(2);
select is_empty('select from thule.inode_history h join guarded using (ino)', 'and goes with the snapshot');

select * from finish();
rollback;
