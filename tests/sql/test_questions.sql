-- Questions that people ask in SQL (questions.sql): each has an answer, reads no table from end to end where an index is meant, and
-- reads no more when the log is four times as long, unless it says so.
begin;
\ir fixture.sql
\ir questions.sql
select no_plan();

-- A log with `filler` ops of long ago on 500 files, and then 200 directories with 10 files, each written, of which one
-- is deleted, one is replaced and one renamed; in the last hour, the end in the last minute.
create function fx.log(filler integer) returns void language plpgsql as $$
declare
    files constant integer := 2000;
    base  bigint := 1000 + filler;
begin
    insert into thule.op (op, at, kind, ino, parent, name, actor, mount)
        select 400 + n, fx.at(400 + n), 1, 400 + n, 1, convert_to('busy' || n, 'UTF8'), 17, 1 from generate_series(0, 499) n;
    insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from, valid_from)
        select 400 + n, 33188, 1, 1000, 1001, 0, 0, 0, 0, 0, 0, 0, 400 + n, fx.at(400 + n) from generate_series(0, 499) n;
    insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
        select 1, convert_to('busy' || n, 'UTF8'), 400 + n, 2 * (400 + n), 400 + n, fx.at(400 + n) from generate_series(0, 499) n;
    insert into thule.op (op, at, kind, ino, actor, mount)
        select 1000 + n, fx.at(1000 + n), 14, 400 + n % 500, 17, 1 from generate_series(0, filler - 1) n;
    -- 5 ops a file, as of the hour before now.
    create temp table f on commit drop as
        select n, base + 200 + n * 6 as op, base + n as ino, base + 100000 + n / 10 as dir, convert_to('file' || n, 'UTF8') as name,
            n % 10 as part from generate_series(0, files - 1) n;
    insert into thule.op (op, at, kind, ino, parent, name, actor, mount, tag)
        select base + d, fx.recent(base + d, base), 2, base + 100000 + d, 1, convert_to('dir' || d, 'UTF8'), 18, 1, 'build'
        from generate_series(0, 199) d;
    insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
        select 1, convert_to('dir' || d, 'UTF8'), base + 100000 + d, 2 * (base + d), base + d, fx.recent(base + d, base)
        from generate_series(0, 199) d;
    insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from, valid_from)
        select base + 100000 + d, 16877, 2, 1002, 1002, 0, 4096, 4096, 0, 0, 0, 0, base + d, fx.recent(base + d, base) from generate_series(0, 199) d;
    insert into thule.op (op, at, kind, ino, parent, name, new_parent, new_name, off, len, actor, mount)
        select op + s, fx.recent(op + s, base), case s when 0 then 1 when 5 then case part when 0 then 6 when 1 then 8 else 8 end else 10 end, ino,
            case when s in (0, 5) then dir end, case when s in (0, 5) then name end,
            case when s = 5 and part > 0 then dir end, case when s = 5 and part > 0 then 'new'::bytea || name end,
            case when s between 1 and 4 then (s - 1) * 4 end, case when s between 1 and 4 then 4 end, 18, 1
        from f cross join generate_series(0, 5) s
        where s < 5 or part <= 1 order by 1;
    insert into thule.dirent_history (parent, name, ino, cookie, op_from, valid_from, op_to, valid_to)
        select dir, name, ino, 2 * op, op, fx.recent(op, base), op + 5, fx.recent(op + 5, base) from f where part <= 1;
    insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
        select dir, case part when 1 then 'new'::bytea else '' end || name, ino, 2 * op + 1, case part when 1 then op + 5 else op end,
            fx.recent(op, base) from f where part > 0;
    insert into thule.inode_history
        select ino, 33188, 1, 1002, 1002, 0, 16, 16, 0, 0, 0, 0, 0, 0, 0, null, op, fx.recent(op, base), op + 5, fx.recent(op + 5, base)
        from f where part <= 1;
    insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from, valid_from)
        select ino, 33188, 1, 1002, 1002, 0, 16, 16, 0, 0, 0, 0, case part when 1 then op + 5 else op end, fx.recent(op, base) from f where part > 0;
    insert into thule.blob (id, data) select ino, convert_to(rpad((n / 3)::text, 16, '.'), 'UTF8') from f;
    insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
        select ino, 0, 16, ino, 0, op + 1 from f where part > 0;
    insert into thule.extent_history select ino, 0, 16, ino, 0, op + 1, op + 5 from f where part = 0;
    update thule.inode set nlink = 202 where ino = 1;
    update thule.superblock set next_op = base + 20000, next_ino = base + 200000, next_blob = base + 200000;
    -- Without the rows of a log that was rolled back, which would change what the planner thinks that reading costs.
    cluster thule.inode using inode_ino;
    cluster thule.dirent using dirent_pkey;
    perform brin_summarize_new_values('thule.op_at'), brin_summarize_new_values('thule.dirent_history_op_to');
    analyze;
end $$;
-- From 50 minutes ago on, at four ops a second.
create function fx.recent(op bigint, base bigint) returns timestamptz language sql stable
return now() - interval '50 minutes' + (op - base) * interval '0.25 second' * 0.98;

-- Questions with what they ask about in them.
create function fx.asked(query text) returns text language plpgsql as $$
declare
    file text := (select f.path from thule.file f where f.path like '/dir150/file%' limit 1);
    gone text := (select d.path from thule.deleted_file d where d.path like '/dir151/%' and d.how = 'unlink' limit 1);
begin
    return replace(replace(replace(replace(replace(replace(query, '[path]', quote_literal(file)), '[gone]', quote_literal(gone)),
        '[dir]', quote_literal(regexp_replace(gone, '/[^/]*$', ''))), '[exe]', quote_literal('/bin/sh')), '[tag]', quote_literal('build')),
        '[op]', ((select max(o.op) from thule.op o) - 200)::text);
end $$;
create table asked (path text);

-- What reads each: rows of the answer, buffers, and the tables that are read from end to end.
create function fx.read(query text, out answer bigint, out buffers bigint, out scanned text[]) language plpgsql as $$
declare plan jsonb;
begin
    execute 'explain (analyze, buffers, timing off, format json) ' || query into plan;
    answer := (plan -> 0 -> 'Plan' ->> 'Actual Rows')::numeric;
    buffers := (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
    scanned := array(
        select distinct n ->> 'Relation Name'
        from jsonb_path_query(plan, 'strict $.**') n
        where jsonb_typeof(n) = 'object' and n ->> 'Node Type' = 'Seq Scan' and (n ->> 'Actual Loops')::numeric > 0);
end $$;
create function fx.answers() returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_object('id', q.id, 'answer', r.answer, 'buffers', r.buffers, 'scanned', r.scanned) order by q.id)
    from question q
    cross join lateral (select fx.asked(q.query) as query offset 0) a
    cross join lateral fx.read(a.query) r
$$;
create function fx.results(answers jsonb) returns table (id integer, answer bigint, buffers bigint, scanned text[]) language sql as $$
    select id, answer, buffers, scanned from jsonb_to_recordset(answers) r (id integer, answer bigint, buffers bigint, scanned text[])
$$;

savepoint empty;
select fx.log(30000);
insert into asked select path from thule.file where path like '/dir%/%' order by md5(path) limit 200;
select fx.answers() as short \gset
rollback to empty;
select fx.log(120000);
insert into asked select path from thule.file where path like '/dir%/%' order by md5(path) limit 200;
select fx.answers() as long \gset

-- Of versions that ended it has only those that a question is about.
select is_empty('select * from thule.fsck where severity = ''error'' and check_id <> ''op_version''', 'the log is of a sound filesystem');
select is_empty(format($$select q.question from question q join fx.results(%L) r using (id)
    where r.answer = 0 and q.question !~ 'symbolic'$$, :'long'), 'every question has an answer');
select is_empty(format('select q.question, r.scanned from question q join fx.results(%L) r using (id) where q.never && r.scanned', :'short'),
    'where an index is meant, no table is read from end to end');
select is_empty(format('select q.question, r.scanned from question q join fx.results(%L) r using (id) where q.never && r.scanned', :'long'),
    'nor in a longer log');
select is_empty(format($$select q.question, s.buffers as short, l.buffers as long from question q join fx.results(%L) s using (id)
    join fx.results(%L) l using (id) where not q.grows and l.buffers > 1.3 * s.buffers + 100$$, :'short', :'long'),
    'questions read no more of a longer log');
-- Each of the 10,000 ops of that hour, and each of some 2,000 files, a few buffers; of one row, a few steps.
select is_empty(format($$select q.question, r.buffers from question q join fx.results(%L) r using (id)
    where q.want = 5 and r.buffers > 600 and q.question !~ 'works out'$$, :'long'), 'what is one row is found in a few steps');
select is_empty(format($$select q.question, r.buffers from question q join fx.results(%L) r using (id)
    where not q.grows and r.buffers > 60000$$, :'long'), 'and what is many in a few for each');

-- Conditions on time are right whatever the clock did.
savepoint clock;
update thule.op set at = at + (op % 5 - 2) * interval '20 minutes' where op % 1000 < 10;
create function fx.at_index(bitmaps text) returns table (op bigint) language plpgsql as $$
begin
    perform set_config('enable_bitmapscan', bitmaps, true), set_config('enable_seqscan', case bitmaps when 'on' then 'off' else 'on' end, true);
    return query execute $q$select c.op from thule.change c where c.at > now() - interval '30 minutes' and c.at < now() - interval '20 minutes'$q$;
end $$;
select set_eq($$select * from fx.at_index('on')$$, array(select fx.at_index('off')), 'times that went back and forth');
rollback to clock;

-- A role that may only read gets the same answers.
create role asks_only;
grant usage on schema thule, fx to asks_only;
grant select on all tables in schema thule to asks_only;
grant select on question, asked to asks_only;
set local role asks_only;
select is((select jsonb_agg(a -> 'answer' order by a -> 'id') from jsonb_array_elements(fx.answers()) a),
    (select jsonb_agg(a -> 'answer' order by a -> 'id') from jsonb_array_elements(:'long'::jsonb) a), 'who may only read has the same answers');
reset role;

select * from finish();
rollback;
