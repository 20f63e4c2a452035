-- Bytes of files by SQL: thule.write, append, truncate, fallocate, copy_range.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();
select fx.create('/random');
select fx.make('mknod', '/pipe', 4516);
analyze thule.op, thule.inode, thule.dirent, thule.extent, thule.blob, thule.xattr;

-- What they do, and what they leave behind.
select is(thule.write('/empty', 3, 'abc'), 3::bigint, 'writing says how many bytes');
select is(thule.content('/empty'), '\x000000616263'::bytea, 'behind the end is a hole');
select results_eq('select file_off::bigint, len::bigint, blob_off::bigint from thule.extent where ino = 103', 'values (3::bigint, 3::bigint, 0::bigint)', 'which has no extent');
select is((select (size::bigint, allocated::bigint) from thule.inode where ino = 103), (6::bigint, 3::bigint), 'size, and what is allocated');
select is((select (k.name, o.ino::bigint, o.off::bigint, o.len::bigint) from thule.op o join thule.op_kind k on k.id = o.kind order by o.op desc limit 1),
    ('write'::text, 103::bigint, 3::bigint, 3::bigint), 'the op');
select is(thule.append('/empty', 'def'), 3::bigint, 'append');
select is(thule.append(103, ''), 0::bigint, 'of nothing');
select is(thule.write(103, 1, 'XYZ'), 3::bigint, 'by inode, over a hole and bytes');
select is(thule.content('/empty'), '\x0058595a6263646566'::bytea, 'what is there then');
select results_eq('select file_off::bigint, len::bigint, blob_off::bigint from thule.extent where ino = 103 order by 1',
    'values (1::bigint, 3::bigint, 0::bigint), (4, 2, 1), (6, 3, 0)', 'extents are cut by position');
select is(thule.truncate('/empty', 5), 103::bigint, 'truncate says which inode');
select is(thule.content('/empty'), '\x0058595a62'::bytea, 'a shorter file');
select thule.truncate(103, 8);
select is(thule.content('/empty'), '\x0058595a62000000'::bytea, 'and a longer one');
select is(thule.fallocate('/empty', 2, 2, 3), 103::bigint, 'a hole is punched');
select is(thule.content('/empty'), '\x0058000062000000'::bytea, 'which are zeros');
select thule.fallocate('/empty', 6, 4);
select is((select size::bigint from thule.inode where ino = 103), 10::bigint, 'fallocate extends');
select thule.fallocate('/empty', 0, 20, 1);
select is((select size::bigint from thule.inode where ino = 103), 10::bigint, 'or keeps the size');
select is(thule.copy_range('/dir/file', 6, '/empty', 10), 5::bigint, 'a copy to the end of the source');
select is(substr(thule.content('/empty'), 11), 'world'::bytea, 'has its bytes');
select is((select count(distinct e.blob) from thule.extent e where e.blob in (select x.blob from thule.extent x where x.ino = 102)), 1::bigint, 'which are stored once');
select is(thule.copy_range(102, 100, 103, 0, 5), 0::bigint, 'behind the end there is nothing to copy');
select is(thule.write('/link', 0, 'H'), 1::bigint, 'a symbolic link is followed');
select is(thule.content('/dir/file'), 'Hello world'::bytea, 'to its file');

-- Extents end at multiples of 128 KiB, and none is longer.
select thule.write('/empty', 131000, (select string_agg(decode(md5(i::text), 'hex'), '') from generate_series(1, 20000) i));
select is_empty($$select from thule.extent where ino = 103 and file_off / 131072 <> (file_off + len - 1) / 131072$$, 'each lies between two multiples');
select is((select count(*) from thule.extent where ino = 103 and file_off >= 131000), 4::bigint, 'as few as can be');
select is(md5(substr(thule.content('/empty'), 131001)),
    md5((select string_agg(decode(md5(i::text), 'hex'), '') from generate_series(1, 20000) i)), 'with all bytes');

-- At random, against one string: now, and as of each op.
create table fx.state (op bigint, bytes bytea, what text);
create function fx.zeros(n bigint) returns bytea language sql return decode(repeat('00', greatest(n, 0)::integer), 'hex');
create function fx.put_into(model bytea, off integer, add bytea) returns bytea language sql
return overlay(model || fx.zeros(off + octet_length(add) - octet_length(model)) placing add from off + 1);
do $$
declare
    model bytea := '';
    off   integer;
    len   integer;
    what  text;
begin
    perform setseed(0.17);
    for round in 1..150 loop
        off := floor(random() * 300); len := 1 + floor(random() * 100);
        what := (array['write', 'append', 'truncate', 'punch', 'zero', 'copy'])[1 + floor(random() * 6)];
        case what
            when 'write' then
                perform thule.write('/random', off, decode(repeat(lpad(to_hex(round), 2, '0'), len), 'hex'));
                model := fx.put_into(model, off, decode(repeat(lpad(to_hex(round), 2, '0'), len), 'hex'));
            when 'append' then
                perform thule.append('/random', decode(repeat(lpad(to_hex(round), 2, '0'), len), 'hex'));
                model := model || decode(repeat(lpad(to_hex(round), 2, '0'), len), 'hex');
            when 'truncate' then
                perform thule.truncate('/random', off);
                model := substr(model || fx.zeros(off - octet_length(model)), 1, off);
            when 'punch' then
                perform thule.fallocate('/random', off, len, 3);
                model := substr(fx.put_into(model, off, fx.zeros(len)), 1, octet_length(model));
            when 'zero' then
                perform thule.fallocate('/random', off, len, 16);
                model := fx.put_into(model, off, fx.zeros(len));
            when 'copy' then
                perform thule.copy_range('/dir/file', 1, '/random', off, 7);
                model := fx.put_into(model, off, 'ello wo');
        end case;
        insert into fx.state values ((select max(o.op) from thule.op o), model, format('%s: %s of %s from %s on', round, what, len, off));
        if thule.content('/random') <> model then
            insert into fx.state values (null, model, format('%s: %s of %s from %s on', round, what, len, off));
        end if;
    end loop;
end $$;
select is_empty('select what from fx.state where op is null', 'what is there after each of 150 ops');
select is_empty($$select what from fx.state where thule.content_at_op('/random', op) <> bytes$$, 'and in the past');
select is_empty($$select h.op_from from (select * from thule.inode union all select * from thule.inode_history) h
    where h.ino = thule.resolve('/random') and (h.allocated > h.size or h.allocated < (
        select coalesce(sum(x.len), 0) from (select * from thule.extent union all select * from thule.extent_history) x
        where x.ino = h.ino and x.op_from <= h.op_from and x.op_to > h.op_from))$$, 'and what is allocated lies between its bytes and its size');

-- What is refused, with nothing changed.
create table fx.counted as select (select count(*) from thule.op) as ops, (select count(*) from thule.extent) as extents, (select count(*) from thule.blob) as blobs;
create function fx.refused(call text, state text, words text) returns setof text language plpgsql as $$
begin
    begin
        execute 'select ' || call;
        return next fail(call);
    exception when others then
        return next ok(sqlstate ~ state and sqlerrm ~ ('^E[A-Z0-9]+: .*' || words), format('%s says %s', call, sqlerrm));
    end;
end $$;
select fx.refused(c.call, c.state, c.words) from (values
    ($$thule.write('/dir', 0, 'x')$$, 'TH021', 'directory'),
    ($$thule.append('/dir', 'x')$$, 'TH021', 'directory'),
    ($$thule.truncate('/dir', 0)$$, 'TH021', 'directory'),
    ($$thule.fallocate('/dir', 0, 1)$$, 'TH021', 'directory'),
    ($$thule.copy_range('/dir', 0, '/empty', 0)$$, 'TH021', 'directory'),
    ($$thule.copy_range('/empty', 0, '/dir', 0)$$, 'TH021', 'directory'),
    ($$thule.write('/pipe', 0, 'x')$$, 'TH022', 'fifo'),
    ($$thule.fallocate('/pipe', 0, 1)$$, 'TH019', 'fifo'),
    ($$thule.write('/none', 0, 'x')$$, 'TH002', 'none'),
    ($$thule.write('/dir/file/x', 0, 'x')$$, 'TH020', 'no directory'),
    ($$thule.write('empty', 0, 'x')$$, 'TH022', 'absolute'),
    ($$thule.write('', 0, 'x')$$, 'TH002', 'path'),
    ($$thule.write(null::text, 0, 'x')$$, 'TH002', 'path'),
    ($$thule.write(null::bigint, 0, 'x')$$, 'TH116', 'null'),
    ($$thule.write(4711, 0, 'x')$$, 'TH116', '4711'),
    ($$thule.write('/a\b', 0, 'x')$$, 'TH022', 'backslash'),
    ($$thule.write('/a\x00b', 0, 'x')$$, 'TH0(02|22)', ''),
    ($$thule.write('/' || repeat('n', 256), 0, 'x')$$, 'TH036', '256'),
    ($$thule.write('/empty', null, 'x')$$, 'TH022', 'null'),
    ($$thule.write('/empty', 0, null)$$, 'TH022', 'null'),
    ($$thule.write('/empty', -1, 'x')$$, 'TH022', '-1'),
    ($$thule.write('/empty', 9223372036854771712, 'x')$$, 'TH027', 'too large'),
    ($$thule.write('/empty', 9223372036854775807, 'x')$$, 'TH027', 'too large'),
    ($$thule.append('/empty', null)$$, 'TH022', 'null'),
    ($$thule.truncate('/empty', -1)$$, 'TH022', '-1'),
    ($$thule.truncate('/empty', null)$$, 'TH022', 'null'),
    ($$thule.truncate('/empty', 9223372036854771713)$$, 'TH027', 'too large'),
    ($$thule.fallocate('/empty', 0, 0)$$, 'TH022', 'no bytes'),
    ($$thule.fallocate('/empty', -1, 1)$$, 'TH022', '-1'),
    ($$thule.fallocate('/empty', 1, 9223372036854775807)$$, 'TH027', 'too large'),
    ($$thule.fallocate('/empty', 0, 1, 2)$$, 'TH095', 'mode'),
    ($$thule.fallocate('/empty', 0, 1, 8)$$, 'TH095', 'mode'),
    ($$thule.fallocate('/empty', 0, 1, null)$$, 'TH095', 'null'),
    ($$thule.copy_range('/empty', -1, '/dir/file', 0)$$, 'TH022', '-1'),
    ($$thule.copy_range('/empty', 0, '/dir/file', null)$$, 'TH022', 'null'),
    ($$thule.copy_range('/empty', 0, '/empty', 1)$$, 'TH022', 'overlap'),
    ($$thule.copy_range('/dir/file', 0, '/empty', 9223372036854771710)$$, 'TH027', 'too large')) c (call, state, words);
select results_eq('select (select count(*) from thule.op), (select count(*) from thule.extent), (select count(*) from thule.blob)',
    'select ops, extents, blobs from fx.counted', 'what was refused has changed nothing');

-- Flags of chattr(1), set-id bits, and who may.
select thule.setflags('/empty', 'append');
select throws_ok($$select thule.write('/empty', 0, 'x')$$, 'TH001', null, 'an append-only file is not written');
select throws_ok($$select thule.truncate('/empty', 0)$$, 'TH001', null, 'nor cut');
select lives_ok($$select thule.append('/empty', 'x')$$, 'but appended to');
select thule.setflags('/empty', 'immutable');
select throws_ok($$select thule.append('/empty', 'x')$$, 'TH001', null, 'an immutable one is not');
select thule.setflags('/empty', 'none');
update thule.inode set mode = 35309, uid = 1000, gid = 1001 where ino = 103;     -- 4755
select thule.write('/empty', 0, 'x');
select is((select mode & 3072 from thule.inode where ino = 103), 2048, 'root may keep a set-user-id bit');
\ir viewer_fixture.sql
select fx.as('1000 1001');
select thule.write('/empty', 0, 'y');
select is((select mode & 4095 from thule.inode where ino = 103), 493, 'its owner loses it');
select fx.as('1002 1002');
select throws_ok($$select thule.write('/empty', 0, 'z')$$, 'TH013', null, 'who may not write it');
select throws_ok($$select thule.truncate(103, 0)$$, 'TH013', null, 'may not cut it');
select throws_ok($$select thule.copy_range('/dir/file', 0, '/empty', 0)$$, 'TH013', null, 'nor copy to it');
select fx.as(null);

-- A session that planned its statements while there was next to nothing does not read whole tables when there is more.
create table fx.read as select sum(s.seq_tup_read) as rows from pg_stat_xact_user_tables s where s.schemaname = 'thule' and s.relname in ('op', 'inode', 'dirent', 'extent', 'blob', 'xattr');
do $$
begin
    for n in 1..50 loop
        perform thule.append('/random', 'x'), thule.chmod('/random', n), thule.setxattr('/random', 'user.n', 'x');
    end loop;
end $$;
select is(sum(s.seq_tup_read) - min(r.rows), 0::numeric, '150 ops read no table as a whole')
    from pg_stat_xact_user_tables s, fx.read r where s.schemaname = 'thule' and s.relname in ('op', 'inode', 'dirent', 'extent', 'blob', 'xattr');

set constraints all immediate;
select is_empty('select * from thule.fsck', 'sound');
select is((select next_blob > max(id) from thule.superblock, thule.blob group by next_blob), true, 'ids of blobs are behind those that there are');

select * from finish();
rollback;
