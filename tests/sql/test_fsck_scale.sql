-- thule.fsck at size: no check reads more than in proportion to what there is, however much of it is in one file or in one
-- directory; and what finds extents that were true at the same time finds all of them, and no others.
begin;
\ir fixture.sql
select no_plan();
select fx.create('/file');
-- Extents that no filesystem has are wanted here.
select fx.unchecked();

-- Random extents of a few bytes and ops, in files of 1 to 10: as fsck says, and as each compared with each other says.
create function fx.overlaps() returns table (ino bigint, off bigint, len bigint, op_from bigint, op_to bigint, n bigint)
language sql
begin atomic
    with version as (
        select x.*, row_number() over (order by x.file_off, x.file_off + x.len, x.op_from, x.op_to) as n
        from (
            select e.ino, e.file_off, e.len, e.op_from, e.op_to, true as present from thule.extent e
            union all
            select h.ino, h.file_off, h.len, h.op_from, h.op_to, false from thule.extent_history h
        ) x
        where x.op_from < x.op_to
    )
    select b.ino, b.file_off, b.len, b.op_from, b.op_to, count(*)
    from version b
    where exists (
        select from version a
        where a.ino = b.ino and (a.op_from, a.n) < (b.op_from, b.n) and not (a.present and b.present)
            and a.file_off < b.file_off + b.len and b.file_off < a.file_off + a.len and a.op_to > b.op_from)
    group by 1, 2, 3, 4, 5;
end;
create table fx.tried (round integer, found bigint, wanted bigint, same boolean);
create function fx.try_random(rounds integer) returns void language plpgsql as $$
begin
    for round in 1..rounds loop
        delete from thule.extent;
        delete from thule.extent_history;
        -- Few ops make collisions likely; many, files in which nothing is wrong.
        insert into thule.extent_history (ino, file_off, len, blob, blob_off, op_from, op_to)
        select x.ino, (random() * x.width)::bigint, 1 + (random() * x.width / 2)::bigint, 1, 0, x.op,
            x.op + (random() * 2)::bigint
        from (
            select n % 10 + 1 as ino, 1 + round % 40 as width, (random() * 10 * (1 + round % 7))::bigint as op
            from generate_series(1, round % 60) n
        ) x;
        insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
        select n % 10 + 1, n * 3, 1 + (random() * 4)::bigint, 1, 0, (random() * 40)::bigint
        from generate_series(1, round % 20) n;
        insert into fx.tried
        select round, f.found, w.wanted, f.details is not distinct from w.details
        from (select count(*) as found, array_agg(format('%s %s', ino, detail) order by ino, detail) as details
              from thule_internal.fsck_extent_version()) f,
            (select coalesce(sum(n), 0) as wanted, array_agg(format('%s the extent at %s of %s bytes from op %s to %s overlaps one '
                        || 'that began before it and had not ended', ino, off, len, op_from, op_to) order by ino,
                    format('the extent at %s of %s bytes from op %s to %s overlaps', off, len, op_from, op_to)) as details
             from fx.overlaps(), generate_series(1, n)) w;
    end loop;
end $$;
select setseed(0.25);
select fx.try_random(300);
select is_empty('select round, found, wanted from fx.tried where not same', 'what overlaps is found, and nothing else');
select ok(count(*) filter (where wanted = 0) >= 10 and count(*) filter (where wanted > 0) >= 50,
    'in files of both kinds') from fx.tried;
delete from thule.extent;
delete from thule.extent_history;

-- How many rows the steps of a plan handle in all: what they return, and what they read and throw away.
create function fx.handled(plan jsonb) returns numeric language plpgsql as $$
begin
    return (plan->>'Actual Loops')::numeric * ((plan->>'Actual Rows')::numeric
            + coalesce((plan->>'Rows Removed by Filter')::numeric, 0)
            + coalesce((plan->>'Rows Removed by Join Filter')::numeric, 0)
            + coalesce((plan->>'Rows Removed by Index Recheck')::numeric, 0))
        + coalesce((select sum(fx.handled(p)) from jsonb_array_elements(plan->'Plans') p), 0);
end $$;
-- How often the step is done that is done most often.
create function fx.loops(plan jsonb) returns numeric language sql
return (select max(n::numeric) from jsonb_path_query(plan, 'strict $.**."Actual Loops"') n);
create function fx.plan_of(query text) returns jsonb language plpgsql as $$
declare plan jsonb;
begin
    execute 'explain (analyze, timing off, format json) ' || query into plan;
    return plan->0->'Plan';
end $$;

-- So many ops, each of which is a version of one of so many files, in turn.
create function fx.versions(top bigint, n bigint, files bigint) returns void language sql
begin atomic
    insert into thule.op (op, at, ino, off, len, actor, mount, kind)
    select top + k, fx.at(top + k), top + k % files, 0, 1, 17, 1, 10 from generate_series(0, n - 1) k;
    insert into thule.inode_history (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns,
        op_from, valid_from, op_to, valid_to)
    select top + k % files, 33188, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, top + k, fx.at(top + k), top + k + files, fx.at(top + k + files)
    from generate_series(0, n - 1) k;
end;

-- One file, n times overwritten in ways that differ; one directory with n names; n directories in each other; one file with n
-- versions, while the planner's statistics are those of n files with one each.
create function fx.grow(n bigint, shape text) returns void language plpgsql as $$
declare top bigint := 1000000;
begin
    delete from thule.extent;
    delete from thule.extent_history;
    delete from thule.dirent where ino >= top;
    delete from thule.inode where ino >= top;
    delete from thule.inode_history where ino >= top;
    delete from thule.op where ino >= top;
    if shape = 'names' then
        insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns,
            op_from, valid_from)
        select top + k, 33188, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, now() from generate_series(1, n) k;
        insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
        select 1, convert_to('name' || k, 'UTF8'), top + k, top + k, 100, now() from generate_series(1, n) k;
    elsif shape = 'depth' then
        insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns,
            op_from, valid_from)
        select top + k, 16877, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, now() from generate_series(1, n) k;
        insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
        select case k when 1 then 1 else top + k - 1 end, 'd', top + k, top + k, 100, now() from generate_series(1, n) k;
    elsif shape = 'versions' then
        perform fx.versions(top, n, n);
        analyze thule.op, thule.inode, thule.inode_history;
        delete from thule.inode where ino >= top;
        delete from thule.inode_history where ino >= top;
        delete from thule.op where ino >= top;
        perform fx.versions(top, n, 1);
        return;
    else
        insert into thule.extent_history (ino, file_off, len, blob, blob_off, op_from, op_to)
        select 100, case shape
                when 'pieces' then 4 * k          -- each once, and then all at once
                when 'whole' then 0               -- all of it again and again, in other lengths, and pieces in the end
                when 'anew' then 0                -- the same without the pieces
                else k * 7919 % n * 2 end,        -- pieces that lie across each other
            case when shape = 'pieces' then 4 when shape in ('whole', 'anew') then 100 + k % 1000 else 3 end,
            1, 0, case shape when 'pieces' then 200 else 200 + k end,
            case shape when 'pieces' then 300 + k else 201 + k end
        from generate_series(1, n) k;
        insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
        select 100, 4 * k, 4, 1, 0, 300 + n + k from generate_series(1, n) k
        where shape <> 'anew';
    end if;
    analyze thule.extent, thule.extent_history, thule.dirent, thule.inode;
end $$;

create table fx.cost (shape text, view text, size integer, work_mem text, handled numeric, loops numeric);
create function fx.measure() returns void language plpgsql as $$
declare
    c record;
begin
    for c in
        select s.shape, m.mem, z.size
        from unnest(array['pieces', 'whole', 'anew', 'across', 'names', 'depth', 'versions']) s (shape), unnest(array['64kB', '64MB']) m (mem),
            unnest(array[200, 2000]) z (size)
        order by s.shape, z.size
    loop
        perform fx.grow(c.size, c.shape);
        perform set_config('work_mem', c.mem, true);
        insert into fx.cost
        select c.shape, f.proname, c.size, c.mem, fx.handled(f.plan), fx.loops(f.plan)
        from (
            select p.proname, fx.plan_of(format('select * from thule_internal.%I()', p.proname)) as plan
            from pg_proc p where p.pronamespace = 'thule_internal'::regnamespace and p.proname like 'fsck\_%'
            offset 0
        ) f;
    end loop;
end $$;
select fx.measure();
-- Ten times as much costs at most 25 times as much: n log n, not n * n. Small change is free.
select is_empty($$
    select l.shape, l.view, l.work_mem, s.handled as small, l.handled as large
    from fx.cost l
    join fx.cost s using (shape, view, work_mem)
    where s.size = 200 and l.size = 2000 and l.handled > 25 * s.handled + 1000$$, 'no check handles more rows than n log n');
select is_empty($$select shape, view, work_mem, handled from fx.cost where handled > 50 * size * log(2, size)$$,
    'nor many for each row that there is');
-- What is written anew each time, to another length, is sound at a glance: it is not cut into cells (fsck_extent_version).
select is_empty($$select work_mem, size, loops from fx.cost where shape = 'anew' and view = 'fsck_extent_version' and loops > 1$$,
    'the extents of a file that is written anew are read once');
create function fx.calls(query text) returns boolean language plpgsql as $$
declare plan jsonb;
begin
    execute 'explain (format json) ' || query into plan;
    return jsonb_path_exists(plan, 'strict $.** ? (@."Function Name" like_regex "^fsck_")');
end $$;
select is_empty($$select f.proname from pg_proc f where f.pronamespace = 'thule_internal'::regnamespace and f.proname like 'fsck\_%'
    and fx.calls(format('select * from thule_internal.%I()', f.proname))$$, 'the planner looks into checks, so these were their rows');
select cmp_ok((select count(*) from fx.cost), '>=', 400::bigint, 'and all of them were asked');

select * from finish();
rollback;
