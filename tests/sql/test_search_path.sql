-- What names our functions and views use mean what they meant when they were made, whatever path the caller has.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();

create view fx.code as
    select p.oid::regprocedure as function, p.proname as name, p.pronamespace as schema, p.prosqlbody is null as is_text, p.prosecdef as as_owner,
        coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body,
        coalesce('search_path=pg_catalog, thule, thule_internal, pg_temp' = any (p.proconfig), false) as has_path
    from pg_proc p
    where p.pronamespace in ('thule'::regnamespace, 'thule_internal'::regnamespace, 'osquery'::regnamespace) and p.prokind in ('f', 'p');
create view fx.step as
    select c.* from fx.code c where c.is_text and not c.has_path;
select is_empty($$select s.function from fx.step s where s.name !~ '^(write_|session_(writer|actor)$)' or s.schema <> 'thule_internal'::regnamespace or s.as_owner$$,
    'every function whose body is text has a path of its own, but steps of operations on files');
select is_empty($$select s.function, c.function from fx.step s join fx.code c on c.body ~ ('\m' || s.name || '\(') and not c.is_text$$,
    'which no SQL body calls, that has the path of its caller');
select is_empty($$select s.function, v.viewname from fx.step s join pg_views v on v.definition ~ ('\m' || s.name || '\(')$$, 'and no view');
select cmp_ok((select count(*) from pg_proc p where p.pronamespace = 'thule_internal'::regnamespace and p.proconfig is not null),
    '>', 50::bigint, 'and there are such');
select is_empty($$select rolname from pg_roles where has_schema_privilege(rolname, 'thule', 'usage') and not rolsuper
        and rolname !~ '^pg_'$$,
    'nobody else may use the schema');

-- What a stranger may have made: better matches than the catalog's own, under its names and before it on the path.
create schema evil;
create function evil.trap(what text) returns void language plpgsql as $$
begin
    raise exception using errcode = 'raise_exception', message = pg_catalog.concat('a stranger''s ', what, ' was run');
end $$;
do $$
declare
    name text;
begin
    foreach name in array array['now() returns timestamptz', 'clock_timestamp() returns timestamptz',
        'format(text, text) returns text', 'format(text, text, text) returns text', 'quote_literal(text) returns text',
        'format(text, text, timestamptz) returns text', 'format(text, numeric, bigint, bigint) returns text',
        'format(text, bigint) returns text', 'format(text, text, timestamptz, bigint) returns text',
        'encode(bytea, text) returns text', 'decode(text, text) returns bytea', 'convert_to(text, name) returns bytea',
        'convert_to(text, text) returns bytea', 'convert_from(bytea, text) returns text', 'left(text, int) returns text',
        'substr(bytea, int, int) returns bytea', 'octet_length(bytea) returns int', 'strpos(text, text) returns int',
        'concat(text, text) returns text', 'length(text) returns int', 'string_to_table(text, text) returns setof text',
        'regexp_replace(text, text, text) returns text', 'cardinality(bytea[]) returns int',
        'jsonb_build_object(text, text) returns jsonb', 'current_setting(text) returns text',
        'pg_advisory_xact_lock(int, int) returns void', 'current_setting(text, boolean) returns text',
        'repeat(text, int) returns text', 'mode_kind(int) returns text', 'path_names(text) returns bytea[]']
    loop
        execute format('create function evil.%s language sql as $f$ select evil.trap(%L); select null::%s $f$', name, name,
            regexp_replace(substring(name from 'returns (.*)'), 'setof ', ''));
    end loop;
    foreach name in array array['bigint', 'integer', 'text', 'bytea', 'timestamptz', 'boolean'] loop
        execute format('create function evil.same(%1$s, %1$s) returns boolean language sql as
            $f$ select evil.trap(''operator''); select true $f$', name);
        execute format('create operator evil.= (leftarg = %1$s, rightarg = %1$s, function = evil.same)', name);
        execute format('create operator evil.<> (leftarg = %1$s, rightarg = %1$s, function = evil.same)', name);
        execute format('create operator evil.<= (leftarg = %1$s, rightarg = %1$s, function = evil.same)', name);
        execute format('create operator evil.~ (leftarg = %1$s, rightarg = %1$s, function = evil.same)', name);
    end loop;
    -- Tables of the session come before ours where a path does not say otherwise.
    foreach name in array array['op', 'inode', 'dirent', 'extent', 'superblock', 'snapshot', 'pg_class', 'pg_proc'] loop
        execute format('create temp table %I (nothing int) on commit drop', name);
    end loop;
end
$$;

create function fx.caller(query text) returns text language plpgsql set search_path = pg_temp, evil, pg_catalog as $$
declare
    answer text;
begin
    execute query into answer;
    return answer;
exception when others then
    return pg_catalog.concat(sqlstate, ' ', sqlerrm);
end $$;
create function fx.owner(query text) returns text language plpgsql set search_path = pg_catalog as $$
declare
    answer text;
begin
    execute query into answer;
    return answer;
exception when others then
    return pg_catalog.concat(sqlstate, ' ', sqlerrm);
end $$;

select matches(fx.caller('select now()::text'), 'a stranger', 'the traps work: functions');
select matches(fx.caller('select 1::bigint = 2::bigint'), 'a stranger', 'operators');
select is(fx.caller('select count(*) from pg_class'), '0', 'and tables');

create table fx.asked as
select * from (values
    ('select thule.instant(''2099-01-02'')'),
    ('select thule.instant_op(''2099-01-02'')'),
    ('select thule.instant_op(''1999-01-02'')'),
    ('select thule.instant(''nonsense'')'),
    ('select thule.instant(''op:104'')'),
    ('select thule.instant(''op:999999'')'),
    ('select thule_internal.is_instant(''10 min'')'),
    ('select thule_internal.kept_op(thule.op_at(pg_catalog.now()), ''now'')'),
    ('select thule.resolve(''/dir/sub'')'),
    ('select thule.resolve(''/dir/sub'', ''2024-01-01 00:02:00+00'')'),
    ('select thule.resolve(''no slash'')'),
    ('select thule.path(101)'),
    ('select thule.unescape_name(''a\xffb'')'),
    ('select thule.unescape_name(''a\zb'')'),
    ('select thule.escape_name(''\xff00'')'),
    ('select thule.content(''/dir/file'')'),
    ('select thule.content(''/dir'')'),
    ('select thule_internal.acl_text(''\x0200000001000600ffffffff'')'),
    ('select pg_catalog.string_agg(f::text, '' '') from thule.file f'),
    ('select pg_catalog.string_agg(c::text, '' '') from thule.change c'),
    ('select pg_catalog.string_agg(l::text, '' '') from thule.log(''/dir'') l'),
    ('select pg_catalog.string_agg(f::text, '' '') from thule.file_at(''2024-01-01 00:01:44+00'') f'),
    ('select pg_catalog.string_agg(f::text, '' '') from thule.fsck f'),
    ('select pg_catalog.string_agg(f::text, '' '') from thule.feed(100, 10) f'),
    ('select pg_catalog.string_agg(d::text, '' '') from thule.diff(''2024-01-01 00:01:41+00'', ''2024-01-01 00:01:45+00'') d'),
    ('select pg_catalog.string_agg(b::text, '' '') from thule.blame(''/dir/file'') b'),
    ('select pg_catalog.string_agg(u::text, '' '') from thule.usage(''user'', ''2000-01-01'', ''2100-01-01'') u'),
    ('select pg_catalog.string_agg(p::text, '' '') from thule_internal.restore_plan(''{"path": "/dir", "at": "op:101"}'') p'),
    ('select pg_catalog.string_agg(p::text, '' '') from thule_internal.undo_plan(''{"path": "/dir"}'') p'),
    ('select thule_internal.prune_horizon(''1s'', null, null)'),
    ('select thule_internal.config_set(''retention'', ''nonsense'', ''me'')')
) q (query);
select is(fx.caller(query), fx.owner(query), query) from fx.asked;
select is_empty($$select query, fx.owner(query) from fx.asked where fx.owner(query) ~ '^42[67P]'$$, 'all of it can be asked');

select * from finish();
rollback;
