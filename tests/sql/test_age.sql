-- thule_internal.age_of and everything that takes an age: numbers with units, and nothing else.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();

create temp table age (t text, span interval);
insert into age values
    ('90d', '90 days'), ('90 d', '90 days'), (' 12 hours ', '12:00'), ('10min', '10 min'), ('5 m', '5 min'), ('1 year', '1 year'),
    ('1 mon', '1 month'), ('1h 30min', '1:30'), ('1h30min', '1:30'), ('1.5 hours', '1:30'), ('2 weeks', '14 days'), ('0s', '0'),
    ('500ms', '0.5 s'), ('90 days ago', '90 days'), ('90 DAYS AGO', '90 days'), ('P90D', '90 days'), ('PT12H', '12:00'),
    ('P1Y2M3DT4H5M6S', '1 year 2 months 3 days 04:05:06'), ('PT1.5H', '1:30'), ('100 years', '100 years');
select is(thule_internal.age_of(t), span, format('age: %L', t)) from age;
select is(thule.instant(t), now() - span, format('instant: %L', t)) from age;
select lives_ok(format('select thule_internal.prune_horizon(%L, null, null)', t), format('prune --keep: %L', t)) from age;
select lives_ok(format('select thule_internal.config_set(''retention'', %L, ''ada'')', t), format('retention: %L', t))
    from age where span > '0';
select is(thule_internal.is_instant(t), true, format('a name that is an age: %L', t)) from age;

create temp table number (t text);
insert into number values
    (''), (' '), ('0'), ('5'), ('5 '), (' 5'), ('90'), ('+90'), ('-90'), ('1.5'), ('1e3'), ('1:30'), ('1:30:00'), ('00:00:05.5'),
    ('1 30'), ('1-2'), ('5 ago'), ('5ago'), ('5 AGO'), ('5 ago 3 days'), ('90 days 5'), ('5 90 days'), ('90 5 days'),
    ('1e3 days'), ('-90 days'), ('+90 days'), ('1 day -2 hours'), ('90 days ago ago'), ('days'), ('ago'), ('infinity days'), ('P'),
    ('PT'), ('P90'), ('90D5'), ('P-90D'), ('P1.5'), ('@ 5'), ('5 parsecs'), ('99999999999999999999 days'), ('2147483647 years'),
    ('10000 years'), ('90d; drop'), ('901231'), ('201101'), ('5,5 days');
select is(thule_internal.age_of(t), null, format('no age: %L', t)) from number;
select throws_ok(format('select thule.instant(%L)', t), '22007', null, format('no instant: %L', t)) from number;
select throws_ok(format('select thule.instant_op(%L)', t), '22007', null, format('nothing to read the past by: %L', t)) from number;
select throws_ok(format('select thule_internal.prune_horizon(%L, null, null)', t), '22023', null, format('not prune --keep: %L', t))
    from number;
select throws_ok(format('select thule_internal.prune_horizon(null, %L, null)', t), '22007', null, format('not prune --before: %L', t))
    from number;
select throws_ok(format('select thule_internal.config_set(''retention'', %L, ''ada'')', t), '22023', null, format('not retention: %L', t))
    from number;
select throws_ok('select thule_internal.config_set(''retention'', ''0 days'', ''ada'')', '22023', null, 'retention of nothing');
select throws_ok(format('select thule_internal.undo_plan(jsonb_build_object(''since'', %L))', t), '22007', null,
    format('not undo --since: %L', t)) from number;
select throws_ok(format('select thule_internal.snapshot_create(''s'', ''ada'', %L)', t), '22007', null, format('no snapshot of %L', t))
    from number;

-- Dates are none of this, short of those that could be numbers.
select is(thule.instant('20240501'), '2024-05-01'::timestamptz, 'eight digits are a date');
select is(thule.instant('2024-05-01'), '2024-05-01'::timestamptz, 'a date');
select is(thule.instant('2024.05.01'), '2024-05-01'::timestamptz, 'with dots');
select is(thule.instant('20240501T120000'), '2024-05-01 12:00'::timestamptz, 'and a time');
select is(thule.instant('May 1 2024'), '2024-05-01'::timestamptz, 'in words');
select is(thule.instant('today 19:00'), 'today 19:00'::timestamptz, 'a time of a day');

-- A setting that is in the table from before says so as well.
update thule.config set value = '90' where key = 'retention';
select throws_ok('select thule_internal.prune_horizon(null, null, null)', '22023', null, 'a setting without unit');

-- Before the earliest time that there is, nothing is.
select is(thule_internal.op_before(t), 0::bigint, 'a selection from ' || t || ' on begins with the log')
from unnest(array['4714-11-24 00:00:00+00 BC', '-infinity', '1900-01-01']) t;

select * from finish();
rollback;
