-- Paths through symbolic links, as of the instant that is asked for: thule_internal.walk_at_op, thule_internal.led_at.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();

-- 107 to 111
select fx.rename('/dir', '/moved');
select fx.unlink('/moved/file');
select fx.unlink('/empty');
select fx.create('/empty');
select fx.create('/other');

-- Links: 112 to 118
select fx.symlink('/cur', 'moved/sub');
select fx.symlink('/round', 'round');
select fx.symlink('/out', '/etc/passwd');
insert into thule.mount (host, boot_id, pid, mountpoint, source, options, version, read_only, backend)
    values ('h', 'b', 1, '/srv/x', 's', '', '1', false, 1), ('h', 'b', 1, '/srv/x/past', 's', '', '1', true, 1);
select fx.symlink('/in', '/srv/x/cur/');
select fx.unlink('/cur');
select fx.symlink('/cur', '../moved');
select fx.mkdir('/moved/new');
select is(thule.resolve('/cur/hard', fx.at(115)), 102::bigint, 'a link of then');
select is(thule.resolve('/cur/hard', fx.at(116)), null, 'between');
select is(thule.resolve('/cur/sub/hard'), 102::bigint, 'the link of now');
select is(thule.resolve('/in/hard', fx.at(115)), 102::bigint, 'a link by where the filesystem is mounted, and another');
select is((thule_internal.walk_at_op('/in', 118, true)).ino, 100::bigint, 'followed as the last name');
select is((thule_internal.walk_at_op('/in', 118)).place, '/in', 'and not');
select is((thule_internal.walk_at_op('/cur/no/name', 118)).place, '/moved/no/name', 'as far as it is there');
select is((thule_internal.walk_at_op('/round/x', 118)).problem, 'too many levels of symbolic links', 'in circles');
select is((thule_internal.walk_at_op('/out/x', 118)).problem, '/out leads out of the filesystem, to /etc/passwd', 'out of the filesystem');
select is((thule_internal.walk_at_op('/out/x', 118)).outside, '/etc/passwd/x'::bytea, 'and where to');
select is((thule_internal.walk_at_op('/empty/x', 118)).problem, '/empty is no directory', 'through a file');
select is((thule_internal.walk_at_op('/../x', 118, start => 101, top => 101, home => '{}')).outside, './../x'::bytea, 'above what is mounted');
select is((thule_internal.walk_at_op('/../new', 118, start => 101)).place, '/moved/new', 'from a directory');
select results_eq($$select * from thule_internal.led_at('/cur/hard')$$, $$values (102::bigint, 112::bigint, 116::bigint)$$,
    'when a path led there');
select throws_ok($$select thule.content('/round/x')$$, 'P0002', 'there is no file ''/round/x'': too many levels of symbolic links',
    'no content of what goes in circles');

select * from finish();
rollback;
