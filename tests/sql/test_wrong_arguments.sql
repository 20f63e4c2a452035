-- Whatever function people call, with whatever arguments: what is wrong is said in words of ours, to the owner and to granted roles, and is no error of the server's
-- inside. Functions and the types of their parameters are those of pg_proc, so that a new one is tried as well.
-- The last of the tests: what it rolls back is many rows, after which the server vacuums tables whose pages others count.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();
set constraints all deferred;
grant usage on schema fx to public;
create role reads;
create role writes;
create role audits;
select thule_internal.role_grant('reader', 'reads', 5, 5, '{}', 'a test'), thule_internal.role_grant('writer', 'writes', 5, 5, '{}', 'a test'),
    thule_internal.role_grant('auditor', 'audits', null, null, '{}', 'a test') \g /dev/null

create table fx.value (type text, usual boolean, value text);
insert into fx.value values
    ('text', true, $$'/'$$), ('bigint', true, '1'), ('integer', true, '420'), ('bytea', true, $$'n'$$), ('timestamp with time zone', true, 'now()'), ('boolean', true, 'true');
insert into fx.value select 'text', false, v from unnest(array['null', $$''$$, $$'/' || repeat('x', 100000)$$, $$repeat('/x', 5000)$$, $$'relative'$$, $$'..'$$, $$'/..'$$, $$'/a\xff\zz'$$, $$'/\x'$$,
    $$'/\x00'$$, $$'/dir/file'$$, $$'op:99999999999999999999'$$, $$'op:-1'$$, $$'999999999999 years'$$, $$'infinity'$$]) v;
insert into fx.value select 'bigint', false, v from unnest(array['null', '-1', '0', '102', '9223372036854775807', '(-9223372036854775808)']) v;
insert into fx.value select 'integer', false, v from unnest(array['null', '-1', '2147483647', '(-2147483648)']) v;
insert into fx.value select 'bytea', false, v from unnest(array['null', $$''$$, $$'\xff00'$$, $$decode(repeat('41', 100000), 'hex')$$, $$'..'$$, $$'a/b'$$]) v;
insert into fx.value select 'timestamp with time zone', false, v from unnest(array['null', $$'infinity'$$, $$'-infinity'$$, $$'4714-11-24 00:00:00+00 BC'$$, $$'294276-12-31 00:00:00+00'$$]) v;
insert into fx.value values ('boolean', false, 'null');

-- Each function with usual arguments but for one, and with all of a kind absurd alike.
create table fx.call as
with f as (
    select p.oid, p.proname, p.pronargs, string_to_array(oidvectortypes(p.proargtypes), ', ') as types
    from pg_proc p where p.pronamespace = 'thule'::regnamespace and p.prokind = 'f'
), absurd as (
    select f.oid, n as place, v.type, v.value from f cross join lateral generate_series(1, f.pronargs) n join fx.value v on v.type = f.types[n] and not v.usual
    union all
    select f.oid, null, v.type, v.value from f join fx.value v on v.type = any (f.types) and not v.usual
    union all
    select f.oid, 0, null, null from f
)
select distinct f.proname, format('select count(*) from thule.%I(%s) x', f.proname, (
        select string_agg(format('%s::%s', case when a.place = n or a.place is null and a.type = f.types[n] then a.value
            else (select v.value from fx.value v where v.type = f.types[n] and v.usual) end, f.types[n]), ', ' order by n)
        from generate_series(1, f.pronargs) n)) as statement
from f join absurd a on a.oid = f.oid;
grant select on fx.call to public;
select is_empty($$select p.oid::regprocedure from pg_proc p where p.pronamespace = 'thule'::regnamespace and p.prokind = 'f'
    and not string_to_array(oidvectortypes(p.proargtypes), ', ') <@ (select array_agg(v.type) from fx.value v) and p.pronargs > 0$$, 'each type of a parameter has values here: a new one needs some');
select cmp_ok((select count(*) from fx.call), '>', 1000::bigint, 'calls');

create type fx.outcome as (proname name, statement text, code text, message text, hint text);
create function fx.try(proname name, statement text) returns fx.outcome language plpgsql as $$
declare
    o fx.outcome;
begin
    o.proname := proname;
    o.statement := statement;
    begin
        execute statement;
        raise sqlstate 'OK000';
    exception when others then
        get stacked diagnostics o.code = returned_sqlstate, o.message = message_text, o.hint = pg_exception_hint;
    end;
    return o;
end $$;
create function fx.outcomes() returns setof fx.outcome language sql
begin atomic
    select o.* from fx.call c cross join lateral fx.try(c.proname, c.statement) o;
end;
create table fx.said (role text, said fx.outcome);
grant all on fx.said to public;
select pg_current_xact_id() \g /dev/null
set local role reads;
insert into fx.said select 'reads', o from fx.outcomes() o;
set local role writes;
insert into fx.said select 'writes', o from fx.outcomes() o;
set local role audits;
insert into fx.said select 'audits', o from fx.outcomes() o;
reset role;
insert into fx.said select 'owner', o from fx.outcomes() o;

-- Refused (42501, TH), wrong arguments (22023, 22007, 22025, 42809), nothing there (P0002). An auditor has privileges on tables, and is told which one it lacks.
select set_eq($$select distinct (s.said).code from fx.said s where (s.said).code !~ '^TH\d\d\d$'$$, array['OK000', '42501', '22023', '22007', '22025', '42809', 'P0002'], 'kinds of errors');
select is_empty($$select s.role, left((s.said).statement, 200), (s.said).message from fx.said s where (s.said).message ~ 'permission denied' and (s.role <> 'audits' or (s.said).message !~ 'table blob')$$,
    'no table or function of ours is named that a role may not touch');
select is_empty($$select s.role, left((s.said).statement, 200), left((s.said).message, 200) from fx.said s where length((s.said).message) > 1000$$, 'what is absurdly long is not repeated');
select cmp_ok((select count(distinct (s.said).proname) from fx.said s where s.role = 'writes' and (s.said).code = 'OK000'), '>=', 30::bigint, 'usual arguments do something');

select * from finish();
rollback;
