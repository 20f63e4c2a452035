-- thule_internal.extent_writes: which of the appends that are one extent wrote which bytes, and thule.blame, which asks it.
begin;
\ir fixture.sql
select no_plan();
set client_min_messages = error;
-- An append that joins the extent before it, as those of one process in one batch do: fs/journal/batch_extent.c.
create function pg_temp.join_append(path text, data bytea) returns bigint language plpgsql as $$
declare
    i bigint := thule.resolve(path);
    end_now bigint := (select size from thule.inode where ino = i);
    o bigint := fx.op('write', i, off => end_now, len => octet_length(data));
    b bigint := (select x.blob from thule.extent x where x.ino = i and x.file_off + x.len = end_now);
begin
    update thule.blob set data = thule.blob.data || join_append.data where id = b;
    update thule.extent set len = len + octet_length(data) where ino = i and blob = b;
    perform fx.end_inode(i, o);
    update thule.inode set size = end_now + octet_length(data) where ino = i;
    return o;
end $$;
create function pg_temp.blame(at_op bigint default 9223372036854775807) returns text language sql as $$
select coalesce(string_agg(format('%s+%s:%s', off, len, op), ' ' order by off), '') from thule_internal.blame_at_op(thule.resolve('/f'), at_op) $$;
create function pg_temp.writes() returns text language sql as $$
select string_agg(format('%s+%s:%s', w.file_off, w.len, w.op), ' ' order by w.file_off, w.op)
from (select ino, file_off, len, op_from, op_to from thule.extent union all select ino, file_off, len, op_from, op_to from thule.extent_history) e
cross join lateral thule_internal.extent_writes(e.ino, e.file_off, e.len, e.op_from, e.op_to) w
where e.ino = thule.resolve('/f') $$;

select fx.create('/f'), fx.write('/f', 0, '0123456789');                    -- 100, 101
select is(pg_temp.blame(), '0+10:101', 'one write');
select pg_temp.join_append('/f', 'abcde'), pg_temp.join_append('/f', 'fgh'), pg_temp.join_append('/f', 'ij');   -- 102 to 104
select is((select count(*) from thule.extent where ino = thule.resolve('/f')), 1::bigint, 'one extent');
select is(pg_temp.blame(), '0+10:101 10+5:102 15+3:103 18+2:104', 'each append has its range');
select is(pg_temp.blame(102), '0+10:101 10+5:102', 'as of an op only what was there');
select is(pg_temp.blame(101), '0+10:101', 'as of the first');
-- Cut by others: what is left and what has ended are still those who wrote it.
update fx.setting set actor = 18;
select fx.write('/f', 12, 'XXXX');                                         -- 105
select is(pg_temp.blame(), '0+10:101 10+2:102 12+4:105 16+2:103 18+2:104', 'with a write over the seam');
select is(pg_temp.writes(), '0+10:101 10+2:102 12+3:102 12+4:105 15+1:103 16+2:103 18+2:104', 'and what it has replaced');
-- Another process: an extent of its own, however near. Then a file that is cut, and grows by both.
select fx.write('/f', 20, 'other');                                        -- 106
select pg_temp.join_append('/f', 'too');                                   -- 107
update fx.setting set actor = 17;
select fx.truncate('/f', 26), fx.write('/f', 26, '26'), pg_temp.join_append('/f', '28');   -- 108 to 110
select is(pg_temp.blame(), '0+10:101 10+2:102 12+4:105 16+2:103 18+2:104 20+5:106 25+1:107 26+2:109 28+2:110', 'each by its own');
-- An op of an undo says of a range that it wrote in it, not that it wrote all of it.
insert into thule.op (op, at, kind, ino, off, len, actor, mount, tag)
    select fx.next('next_op'), now(), 10, thule.resolve('/f'), 0, 30, 18, min(m.id), 'undo:1' from thule.mount m;
select is(pg_temp.blame(), '0+10:101 10+2:102 12+4:105 16+2:103 18+2:104 20+5:106 25+1:107 26+2:109 28+2:110', 'as before');
-- Pruning the log leaves each op whose bytes are there, also that of an append in the extent of another.
select lives_ok($$select thule_internal.prune_begin(max(op)) from thule.op$$, 'a prune');
select thule_internal.prune_step(1000), thule_internal.prune_log(1000);
select set_eq($$select op from thule.op where ino = thule.resolve('/f')$$, array[101, 102, 103, 104, 105, 106, 107, 109, 110, 111],
    'those whose bytes are there, and that from which on the past is kept');
select is(pg_temp.blame(), '0+10:101 10+2:102 12+4:105 16+2:103 18+2:104 20+5:106 25+1:107 26+2:109 28+2:110', 'as before it');
-- Where the log lacks the first, all is that one's; what it has is told.
delete from thule.op where op = 101;
select is(pg_temp.blame(), '0+12:101 12+4:105 16+4:101 20+5:106 25+1:107 26+2:109 28+2:110', 'after the log was pruned');
select is((select sum(len) from thule.blame('/f')), 30::numeric, 'no byte is left out');
select * from finish();
rollback;
