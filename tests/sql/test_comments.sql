-- Whatever people find in schema thule says what it is: \d+ and \df+ explain.
begin;
\ir fixture.sql
select no_plan();

-- Everything in schema thule that has a name: with the words of its name and of what it belongs to.
create view fx.object as
select 'schema ' || nspname as object, obj_description(oid, 'pg_namespace') as comment, nspname::text as name, '' as belongs_to
from pg_namespace where nspname = 'thule'
union all
select 'relation ' || relname, obj_description(oid, 'pg_class'), relname, ''
from pg_class where relnamespace = 'thule'::regnamespace and relkind in ('r', 'v', 'm', 'p', 'f')
union all
select format('column %s.%s', c.relname, a.attname), col_description(c.oid, a.attnum), a.attname, c.relname
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'thule'::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f')
union all
select 'function ' || oid::regprocedure, obj_description(oid, 'pg_proc'), proname, ''
from pg_proc where pronamespace = 'thule'::regnamespace
union all
select 'type ' || t.oid::regtype, obj_description(t.oid, 'pg_type'), t.typname, ''
from pg_type t
left join pg_class c on c.oid = t.typrelid
where t.typnamespace = 'thule'::regnamespace and t.typcategory <> 'A' and coalesce(c.relkind = 'c', true);

-- A comment says something if it has a word that is neither of the name nor of the grammar.
create function fx.says_something(comment text, name text, belongs_to text) returns boolean language sql
return exists (
    select from regexp_split_to_table(lower(says_something.comment), '[^a-z0-9]+') word
    where word <> '' and word <> all (array['a', 'an', 'and', 'by', 'for', 'in', 'is', 'its', 'it', 'of', 'or', 'that', 'the', 'this', 'to',
            'column', 'function', 'name', 'number', 'table', 'value', 'view'])
        and word <> all (string_to_array(lower(name || '_' || belongs_to), '_')));

select cmp_ok((select count(*) from fx.object), '>', 250::bigint, 'there are tables, views, columns and functions');
select is_empty('select object from fx.object where comment is null', 'everything has a comment');
select is_empty($$select object, comment from fx.object where not fx.says_something(comment, name, belongs_to)$$,
    'which is more than the name again');
select is_empty($$select object, comment from fx.object where comment !~ '^[A-Z0-9a-z].*[.]( Example: [^.].*;)?$' or comment ~ '  |[\n\t]'$$,
    'and ends as a sentence does, or with an example');
select is_empty($$select object, comment from fx.object where comment ~ '\mnull\M'$$, 'and writes NULL as the manual does');

-- Functions have an example of how they are called, which the server understands.
create function fx.example_fails(function regprocedure) returns text language plpgsql as $$
declare example text := substring(obj_description(function, 'pg_proc') from ' Example: (.*);$');
begin
    if example is null or example !~ ('thule\.' || (select proname from pg_proc where oid = function) || '\(') then
        return 'there is none';
    end if;
    execute 'explain ' || example;
    return null;
exception when others then
    return sqlerrm;
end $$;
create view fx.without_example as
select p.oid::regprocedure::text as function, e.fails
from pg_proc p
cross join lateral (select fx.example_fails(p.oid::regprocedure) as fails) e
where p.pronamespace = 'thule'::regnamespace and e.fails is not null;
select is_empty('select * from fx.without_example', 'functions have an example');

select is_empty($$select o.object from fx.object o join pg_class c on c.relname = o.name and c.relkind = 'v' and c.relnamespace = 'thule'::regnamespace
    where o.object ~ '^relation' and coalesce(o.comment, '') !~ (' Example: .*thule\.' || o.name || '\M.*;$')$$, 'and so have views');
create function fx.view_example_fails(view regclass) returns text language plpgsql as $$
begin
    execute 'explain ' || substring(obj_description(view, 'pg_class') from ' Example: (.*);$');
    return null;
exception when others then
    return sqlerrm;
end $$;
select is_empty($$select c.relname, fx.view_example_fails(c.oid) from pg_class c where c.relkind = 'v' and c.relnamespace = 'thule'::regnamespace
    and fx.view_example_fails(c.oid) is not null$$, 'which the server understands');

-- thulefs-sql(7) is made of the same comments: each view with its columns, each function with its parameters, each table.
\set page `cd "$SQL_DIR" && awk -f ../tools/man/schema.awk $(sed 's/#.*//' install.list)`
create table fx.page (part text, name text, body text);
insert into fx.page
select split_part(part, E'\n', 1), split_part(section, E'\n', 1), replace(replace(section, '\-', '-'), '\e', '\') || E'\n'
from regexp_split_to_table(:'page', E'\\.SH ') part, regexp_split_to_table(part, E'\n\\.SS ') with ordinality s(section, nth)
where part <> '' and (nth > 1 or part ~ '^TABLES');
select is_empty($$select c.relname, a.attname from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relkind = 'v' and c.relnamespace = 'thule'::regnamespace and not exists (select from fx.page p where p.part = 'VIEWS'
        and p.name = 'thule.' || c.relname and strpos(p.body, format(E'\n.B %s\n%s\n', a.attname, col_description(c.oid, a.attnum))) > 0)$$,
    'the page has all columns of views');
select is_empty($$select f.oid::regprocedure from pg_proc f
    where f.pronamespace = 'thule'::regnamespace and not exists (select from fx.page p where p.part = 'FUNCTIONS'
        and p.name = 'thule.' || f.proname and strpos(p.body, split_part(obj_description(f.oid, 'pg_proc'), ' Example: ', 1)) > 0
        and strpos(regexp_replace(p.body, ' default [^,]*?(?=,|\) returns)', '', 'g'), format(E'\n.I thule.%s(%s) returns ', f.proname,
            replace(pg_get_function_identity_arguments(f.oid), 'timestamp with time zone', 'timestamptz'))) > 0)$$, 'and all functions');
select is_empty($$select c.relname from pg_class c where c.relkind = 'r' and c.relnamespace = 'thule'::regnamespace and c.relname !~ '_history$'
    and not exists (select from fx.page p where p.part = 'TABLES' and strpos(p.body, format(E'\n.B thule.%s\n%s\n', c.relname, obj_description(c.oid))) > 0)$$,
    'and all tables');
select is_empty($$select name from fx.page where part = 'FUNCTIONS' and name ~ '^thule' and not exists (select from pg_proc f
    where f.pronamespace = 'thule'::regnamespace and 'thule.' || f.proname = name)
    union all select name from fx.page where part = 'VIEWS' and name ~ '^thule' and to_regclass(name) is null$$, 'and nothing else');

-- Columns that can be NULL say what that means; those of a view are told by their text alone.
select is_empty($$
    select o.object, o.comment
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and not a.attnotnull
    join fx.object o on o.object = format('column %s.%s', c.relname, a.attname)
    where c.relnamespace = 'thule'::regnamespace and c.relkind = 'r' and o.comment !~ 'NULL'$$, 'what NULL means');
-- Units: what counts in nanoseconds or bytes says so.
select is_empty($$select object, comment from fx.object where object ~ '_ns$' and object ~ 'time_ns' and object !~ 'run\.' and comment !~ 'nanoseconds'$$,
    'nanoseconds are called so');
select is_empty($$select object, comment from fx.object where object ~ '^column' and name ~ '(bytes|^len|^size)' and comment !~* 'bytes|length'$$,
    'bytes are called so');

-- A test that finds nothing is none: each of these is found.
create table thule.bare (bare_column integer);
create table thule.told (told_name text);
comment on table thule.told is 'The told.';
comment on column thule.told.told_name is 'Name of the told.';
create type thule.told_kind as enum ('a');
create function thule.told_call() returns integer return 1;
comment on function thule.told_call() is 'Says nothing of how it is called.';
select set_eq('select object from fx.object where comment is null',
    array['relation bare', 'column bare.bare_column', 'type thule.told_kind'], 'a comment that is missing');
select set_eq('select object from fx.object where comment is not null and not fx.says_something(comment, name, belongs_to)',
    array['relation told', 'column told.told_name'], 'the name again');
select set_eq('select * from fx.without_example', $$values ('thule.told_call()', 'there is none')$$, 'no example');
comment on function thule.told_call() is 'Has an example. Example: select thule.told_call(1);';
select set_eq('select * from fx.without_example', $$values ('thule.told_call()', 'function thule.told_call(integer) does not exist')$$,
    'an example that is none');
drop table thule.bare, thule.told;
drop type thule.told_kind;
drop function thule.told_call();

-- Comments are code: an upgrade of a database that an earlier program made puts them there.
do $$
declare
    c record;
begin
    for c in
        select format('comment on %s is null', case when object ~ '^relation'
            then 'table ' || quote_ident('thule') || '.' || quote_ident(name) else format('column thule.%I.%I', belongs_to, name) end) as command
        from fx.object
        where object ~ '^(relation|column)' and exists (select from pg_class r where r.relnamespace = 'thule'::regnamespace
            and r.relkind = 'r' and r.relname = case when belongs_to = '' then name else belongs_to end)
    loop
        execute c.command;
    end loop;
end
$$;
select isnt_empty('select object from fx.object where comment is null', 'a database without comments');
\set comments `cd "$SQL_DIR" && sed 's/#.*//' install.list | grep '^comments/' | xargs cat`
:comments
select is_empty('select object from fx.object where comment is null', 'has them after an upgrade');

select * from finish();
rollback;
