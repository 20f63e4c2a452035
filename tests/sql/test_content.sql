-- thule.content, thule.content_at_op and thule.read_at_op.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();

select is(thule.content('/dir/file'), 'hello world'::bytea, 'a file');
select is(thule.content('/dir/sub/hard'), 'hello world'::bytea, 'by its other name');
select is(thule.content('/empty'), ''::bytea, 'an empty file');
select throws_ok($$select thule.content('/nothing')$$, 'P0002', 'there is no file ''/nothing''', 'no such file');
select is(thule.content('/dir'), null, 'a directory has no bytes');
select is(thule.content('/link'), null, 'nor has a symbolic link');
select is(thule.content_at_op('/dir', 104), null, 'nor had the directory');
select results_eq($$select path from thule.file where thule.content(path) like '%world%' order by path$$, $$values ('/dir/file'), ('/dir/sub/hard')$$,
    'so all files can be searched');
select throws_ok('select thule.read_at_op(100, 104, 0, 1)', '42809', null, 'bytes of a directory that is given by number');
select throws_ok($$select thule.content('dir/file')$$, '22023', null, 'a relative path');

-- 107 to 113
select fx.write('/dir/file', 2, '__');
select fx.write('/dir/file', 15, 'end');
select fx.truncate('/dir/file', 4);
select fx.truncate('/dir/file', 8);
select fx.write('/dir/file', 7, 'XY');
select fx.write('/dir/file', 0, '0123456789');
select fx.unlink('/dir/file');

create temp table want (op bigint, data bytea);
insert into want values (102, ''), (103, 'hello world'), (106, 'hello world'), (107, 'he__o world'),
    (108, 'he__o world\000\000\000\000end'), (109, 'he__'), (110, 'he__\000\000\000\000'),
    (111, 'he__\000\000\000XY'), (112, '0123456789');
select is(thule.content_at_op('/dir/file', op), data, format('as of op %s', op)) from want;
select is(thule.content('/dir/file', fx.at(op) + interval '0.5 s'), data, format('at the time of op %s', op)) from want;
select is(thule.content('/dir/sub/hard'), '0123456789'::bytea, 'the other name still reads');
select throws_ok($$select thule.content('/dir/file')$$, 'P0002', null, 'the name that went does not');
select throws_ok($$select thule.content('/dir/file', fx.at(101))$$, 'P0002', null, 'nor before it was made');
select fx.unlink('/dir/sub/hard');
select is(thule.content('/dir/sub/hard', fx.at(113)), '0123456789'::bytea, 'a deleted file reads in the past');
select is(thule.read_at_op(102, 114, 0, 10), null, 'no inode, no bytes');

-- Ranges, as pread.
select is(thule.read_at_op(102, 108, a, b - a), substr(w.data, a + 1, greatest(least(b, 18) - a, 0)),
        format('bytes %s to %s', a, b))
    from want w, generate_series(0, 20, 3) a, generate_series(a, 21, 4) b where w.op = 108;
select throws_ok('select thule.read_at_op(102, 108, -1, 1)', '22023', null, 'a negative offset');
select is(thule.read_at_op(102, 108, 9223372036854775807, 9223372036854775807), ''::bytea, 'the last offset');

-- Large: extents of 128 KiB, and holes longer than one piece of zeros.
select fx.create('/big');
select fx.write('/big', 300000 + i * 131072, decode(repeat(to_hex(160 + i), 131072), 'hex')) from generate_series(0, 3) i;
select fx.write('/big', 2000000, 'z');
select is(octet_length(thule.content('/big')), 2000001, 'the size of a sparse file');
select is(md5(thule.content('/big')), md5(decode(repeat('00', 300000) || repeat('a0', 131072) || repeat('a1', 131072)
    || repeat('a2', 131072) || repeat('a3', 131072) || repeat('00', 2000000 - 300000 - 4 * 131072) || '7a', 'hex')),
    'and its bytes');
select is(thule.read_at_op(thule.resolve('/big'), 9223372036854775807, 300000 + 131071, 2), '\xa0a1',
    'a range that reaches into an extent by its last byte');
select fx.create('/hole');
select fx.truncate('/hole', 5000000);
select is(thule.content('/hole'), decode(repeat('00', 5000000), 'hex'), 'nothing but a hole');
select fx.truncate('/hole', 9223372036854771712);
select throws_ok($$select thule.content('/hole')$$, '54000', null, 'a file that no value holds');
select is(thule.read_at_op(thule.resolve('/hole'), 9223372036854775807, 9223372036854771705, 100),
    '\x00000000000000', 'but its last bytes do');

-- Files with the same bytes, whatever their extents.
select is_empty('select * from thule.duplicate_file', 'hard links and files without bytes are no copies');
select fx.create(p) from unnest(array['/one', '/two', '/other', '/many', '/copy', '/tail']) p;
select fx.write(p, 0, 'the same bytes') from unnest(array['/one', '/two']) p;
select fx.write('/other', 0, 'as many bytes!');
select fx.write('/many', 0, 'the same XXXXX'), fx.write('/many', 9, 'bytes'), fx.link('/many', '/linked');
select fx.write(p, 1048576, 'and a hole') from unnest(array['/copy', '/tail']) p;
select results_eq('select path, size, copies from thule.duplicate_file order by path',
    $$values ('/copy', 1048586::bigint, 2::bigint), ('/linked', 14, 3), ('/many', 14, 3), ('/one', 14, 3), ('/tail', 1048586, 2), ('/two', 14, 3)$$,
    'files with the same bytes');
select is(count(distinct digest), 2::bigint, 'belong together by digest') from thule.duplicate_file;
select is(thule_internal.content_digest(thule.resolve('/one')), sha256(sha256('the same bytes')), 'which is that of its mebibytes');
select is(thule_internal.content_digest(thule.resolve('/tail')),
    sha256(sha256(decode(repeat('00', 1048576), 'hex')) || sha256('and a hole')), 'of each');
select is(thule_internal.content_digest(1), null, 'a directory has none');

-- Damage is an error, not zeros.
delete from thule.blob where id = (select blob from thule.extent where ino = thule.resolve('/big') and file_off = 2000000);
select throws_ok($$select thule.content('/big')$$, 'XX001', null, 'a missing blob');
update thule.blob set data = 'short' where id = (select blob from thule.extent
    where ino = thule.resolve('/big') and file_off = 300000);
select throws_ok($$select thule.read_at_op(thule.resolve('/big'), 9223372036854775807, 300000, 10)$$, 'XX001', null,
    'a blob that is too short');

select * from finish();
rollback;
