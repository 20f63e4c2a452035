-- Names as text and back.
begin;
select plan(40);

create temp table pair (name bytea, text text);
insert into pair values
    ('', ''),
    ('plain.txt', 'plain.txt'),
    ('a b~!"''%', 'a b~!"''%'),
    ('[x]', '[x]'),
    ('\x5c', '\x5c'),
    ('\x615c7834315c', 'a\x5cx41\x5c'),
    ('\x0a', '\x0a'),
    ('\x00', '\x00'),
    ('\x7f', '\x7f'),
    ('\x1b5b', '\x1b['),
    (convert_to('Þule ☃ 𝄞', 'UTF8'), 'Þule ☃ 𝄞'),
    ('\xc285', '\xc2\x85'),                           -- C1 control
    ('\xc2a0', chr(160)),
    ('\xff', '\xff'),
    ('\x61ff62', 'a\xffb'),
    ('\xc3', '\xc3'),                                 -- cut short
    ('\xc3a9c3', 'é\xc3'),
    ('\xc0af', '\xc0\xaf'),                           -- overlong
    ('\xe0809f', '\xe0\x80\x9f'),
    ('\xeda080', '\xed\xa0\x80'),                     -- surrogate
    ('\xf48fbfbf', chr(1114111)),
    ('\xf4908080', '\xf4\x90\x80\x80'),               -- past U+10FFFF
    ('\xe282ac', '€'),
    ('\xe282', '\xe2\x82'),
    ('\x80', '\x80');

select is(thule.escape_name(name), text, format('escape %s', encode(name, 'hex'))) from pair;

select is((select count(*) from pair where thule.unescape_name(text) is distinct from name), 0::bigint,
    'each escaped name gives its bytes back');
select is((select count(*) from (select set_byte('\x00', 0, i) as b from generate_series(0, 255) i) t
    where thule.unescape_name(thule.escape_name(b)) is distinct from b), 0::bigint, 'every single byte round-trips');
select is((select count(*) from (select set_byte(set_byte('\x0000', 0, i), 1, j) as b
    from generate_series(0, 255) i, generate_series(0, 255) j) t
    where thule.unescape_name(thule.escape_name(b)) is distinct from b), 0::bigint, 'every two bytes round-trip');
select is((select count(distinct thule.escape_name(b)) from (select set_byte(set_byte('\x0000', 0, i), 1, j) as b
    from generate_series(0, 255) i, generate_series(0, 255) j) t), 65536::bigint, 'no two names look alike');
select is((select count(*) from (select decode(md5(i::text) || md5((i + 1)::text), 'hex') as b
    from generate_series(1, 3000) i) t
    where thule.unescape_name(thule.escape_name(b)) is distinct from b), 0::bigint, 'random bytes round-trip');

select is(thule.unescape_name('\x41\xFF'), '\x41ff', 'escapes that were not needed, upper-case digits');
select throws_ok($$select thule.unescape_name('a\b')$$, '22025', null, 'a backslash that begins no escape');
select throws_ok($$select thule.unescape_name('\x4')$$, '22025', null, 'an escape cut short');
select is(thule.escape_name(null), null, 'null stays null');

select is(thule_internal.path_names('/'), '{}'::bytea[], 'the root has no names');
select is(thule_internal.path_names('//a///b/'), array['a', 'b']::bytea[], 'slashes count once');
select is(thule_internal.path_names('/a\x2fb'), array['a/b']::bytea[], 'an escaped slash separates nothing');
select throws_ok($$select thule_internal.path_names('a/b')$$, '22023', null, 'a relative path');
select throws_ok($$select thule_internal.path_names('')$$, '22023', null, 'an empty path');
select is(octet_length(thule.escape_name(decode(repeat('ff', 255), 'hex'))), 1020, 'a long name of invalid bytes');

select * from finish();
rollback;
