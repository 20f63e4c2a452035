-- What the caller's session has set changes nothing of what our functions do.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();

-- What a body says is read in the caller's session, where a backslash may be an escape in any literal: so each literal with one is written E''.
create function fx.without_literals(body text) returns text language sql immutable
return regexp_replace(regexp_replace(body, '--[^\n]*', '', 'g'), $r$\mE'([^'\\]|\\.|'')*'$r$, '', 'g');
select is(fx.without_literals(E'a = E''\\\\'' -- \\\n or b = E''it''''s \\''x'''), E'a =  \n or b = ', 'literals that mean the same everywhere');
select is_empty($$select p.oid::regprocedure, l.line
    from pg_proc p cross join lateral string_to_table(fx.without_literals(p.prosrc), E'\n') l (line)
    where p.pronamespace in ('thule'::regnamespace, 'thule_internal'::regnamespace, 'osquery'::regnamespace)
        and p.prosqlbody is null and p.prokind in ('f', 'p') and strpos(l.line, E'\\') > 0$$, 'no other literal of a function has a backslash');
set local standard_conforming_strings = off;
set local escape_string_warning = on;
set local client_min_messages = error;
select thule.put(E'/dir/back\\x5cslash', E'\\x00ff'), thule.setxattr('/dir', 'user.x', E'\\x00') \g /dev/null
select is(thule.content(E'/dir/back\\x5cslash'), E'\\x00ff', 'a name with a backslash');
select is((select count(*) from thule.file(E'/dir/back\\x5cslash')), 1::bigint, 'is found');
select throws_ok(E'select thule.put(E''/dir/\\\\q'', '''')', 'TH022', E'EINVAL: /dir/\\q: a backslash does not begin \\xNN', 'or refused');
select is(thule_internal.age_of('2 days ago'), interval '2 days', 'an age is one');
insert into thule.file (path, kind, rdev) values ('/dir/device', 'char', '1:3');
select is((select rdev from thule.file('/dir/device')), '1:3', 'a device as well');
set local standard_conforming_strings = on;

-- A superuser's session may have no triggers, but the end of a transaction that changes files is one.
set constraints all immediate;
set constraints all deferred;
set local session_replication_role = replica;
select thule.mkdir('/replica') \g /dev/null
set constraints all immediate;
select is((select s.next_op::bigint from thule.superblock s order by s.next_op desc limit 1), (select max(o.op)::bigint + 1 from thule.op o), 'ids are marked where there are no triggers');
select is_empty('select check_id, detail from thule.fsck', 'and nothing is wrong');

select * from finish();
rollback;
