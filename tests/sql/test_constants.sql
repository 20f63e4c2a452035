-- Numbers that have a meaning are in one place, functions/constant/, and cost nothing there: the planner puts them in.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();

select is_empty($$select m, thule.mode_kind(m) from generate_series(0, 65535, 255) m
    where thule_internal.is_directory(m) <> (thule.mode_kind(m) = 'directory') or thule_internal.is_file(m) <> (thule.mode_kind(m) = 'file')
        or thule_internal.is_symlink(m) <> (thule.mode_kind(m) = 'symlink')
        or thule_internal.is_device(m) <> (thule.mode_kind(m) in ('char', 'block'))$$, 'kinds of mode are those that people see');
select is_empty($$select m from generate_series(0, 65535, 255) m where thule_internal.permission_bits(m) <> (m & x'fff'::integer)
    or thule_internal.set_id_bits(m) <> (m & x'c00'::integer)$$, 'and the bits of chmod(2)');
select is(octet_length(thule_internal.zeros()), thule_internal.extent_max(), 'as many zeros as an extent has');
select is(ltrim(encode(thule_internal.zeros(), 'hex'), '0'), '', 'and nothing else');

-- Constraints and defaults cannot ask our functions, which are dropped and made again. They say the same.
select is((select array_agg(distinct n.number[1]::bigint) from pg_constraint c
        cross join lateral regexp_matches(pg_get_constraintdef(c.oid), '\m(131\d\d\d)\M', 'g') n (number)
        where c.connamespace = 'thule'::regnamespace), array[thule_internal.extent_max()::bigint], 'the tables'' longest extent');
select is_empty($$select a.attrelid::regclass, pg_get_expr(d.adbin, d.adrelid) from pg_attribute a
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    join pg_class c on c.oid = a.attrelid and c.relkind = 'r' and c.relnamespace = 'thule'::regnamespace
    where a.attname = 'op_to' and c.relname <> 'pruned_inode'
        and pg_get_expr(d.adbin, d.adrelid) is distinct from quote_literal(thule_internal.present()) || '::bigint'$$,
    'the tables'' versions that have not ended');
select throws_ok(format('insert into thule.blob (id, data) values (999, thule_internal.zeros() || ''\x00'')'), '23514', null,
    'a blob is no longer than an extent');

-- The planner looks into each of them.
create function fx.plan_has(expression text) returns text language plpgsql as $$
declare
    line text;
begin
    for line in execute format('explain (verbose, costs off) select %s from thule.inode i', expression) loop
        if line ~ '^ *Output' then
            return line;
        end if;
    end loop;
end $$;
select doesnt_match(fx.plan_has(format('thule_internal.%I(%s)', p.proname,
        case p.proname when 'extent_possible' then 'i.size, i.size' else case p.pronargs when 1 then 'i.mode' else '' end end)),
    'thule_internal', p.proname || ' is put in')
from pg_proc p
where p.pronamespace = 'thule_internal'::regnamespace
    and p.proname in ('is_directory', 'is_file', 'is_symlink', 'is_device', 'permission_bits', 'set_id_bits', 'extent_max', 'present',
        'no_limit', 'lease_key', 'zeros', 'write_kind', 'extent_possible', 'max_depth');

-- Nothing else in our code has the numbers. duplicate_file asks a range of modes, since of those there are statistics.
\set copies `cd "$SQL_DIR" && grep -rnE '\b(61440|16384|32768|40960|131072|9223372036854775807|1953003884)\b' functions views fsck statements | grep -vE '^functions/(constant/|text/mode_kind)|^views/duplicate_file|: now\)'`
select is(:'copies'::text, '', 'there are no copies');
-- What our code asks of a kind of op is a column of thule.op_kind, never a list of numbers.
\set lists `cd "$SQL_DIR" && grep -rnE '\bkind +(=|<>|in|not in|between|not between|= any|<> all) *\(?[^$]?\{?[0-9]' functions views fsck statements | grep -vE '\b(q|wanted|l)\.kind|q @>'`
select is(:'lists'::text, '', 'there are no lists of kinds');
select is(thule_internal.write_kind(), (select k.id from thule.op_kind k where k.name = 'write'), 'the one number is that of the table');
-- The programs have the numbers, and the names for who has a journal and no database.
\set numbers `sed -nE 's/^\tOP_(\w+) = ([0-9]+),.*/\2 \L\1/p' "$SQL_DIR/../fs/journal/record.h"`
select is(:'numbers'::text, (select string_agg(k.id || ' ' || k.name, E'\n' order by k.id) from thule.op_kind k), 'the programs have these kinds');
\set shown `sed -nE 's/^\t\[OP_(\w+)\] = "(\w+)",$/\L\1\E \2/p' "$SQL_DIR/../tools/journal_show.c"`
select is(:'shown'::text, (select string_agg(k.name || ' ' || k.name, E'\n' order by k.id) from thule.op_kind k), 'and show them by these names');
select is_empty($$select k.name from thule.op_kind k where not (k.makes_inode or k.removes_name or k.replaces or k.changes_bytes
    or k.changes_attributes) and k.name not in ('link', 'exchange', 'forget')$$, 'every kind does something, or changes names alone');
select is_empty($$select k.name from thule.op_kind k where k.has_range and not k.changes_bytes or k.to_end and not (k.has_range and k.sets_size)
    or k.sets_size and not k.changes_bytes or k.makes_holes and not k.has_range$$, 'no column contradicts another');

select * from finish();
rollback;
