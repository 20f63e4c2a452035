-- Temporary tables that pass from one function to another are declared once, with their columns: in change_begin, undo_begin,
-- quota_begin, erase_begin or repair_begin. What one function alone uses it makes itself.
begin;
select no_plan();

create temp table makes as
    select p.proname as function, m.part[1] as name, m.part[2] = '(' as declared
    from pg_proc p
    cross join lateral regexp_matches(p.prosrc, 'create temp(?:orary)? table(?: if not exists)? (?:pg_temp\.)?(\w+) (\(|on|as)', 'g') m (part)
    where p.pronamespace = 'thule_internal'::regnamespace;
create temp table uses as
    select distinct p.proname as function, u.part[1] as name
    from pg_proc p
    cross join lateral regexp_matches(p.prosrc, 'pg_temp\.(\w+)', 'g') u (part)
    where p.pronamespace in ('thule'::regnamespace, 'thule_internal'::regnamespace);

select cmp_ok((select count(*) from makes), '>', 40::bigint, 'there are such tables');
select is_empty($$select name, array_agg(function) from makes group by name having count(*) > 1$$, 'each is made in one place');
select is_empty($$select u.* from uses u where not exists (select from makes m where m.name = u.name)$$, 'and by us');
select is_empty($$select m.name, m.function, u.function from makes m join uses u on u.name = m.name and u.function <> m.function
    where m.function not in ('change_begin', 'undo_begin', 'quota_begin', 'erase_begin', 'repair_begin') or not m.declared$$,
    'what others use is declared with its columns where they all are');
select is_empty($$select m.name from makes m where m.function in ('change_begin', 'undo_begin', 'quota_begin', 'erase_begin', 'repair_begin')
    and (select count(*) from uses u where u.name = m.name and u.function <> m.function) = 0
    -- The daemon reads it, for its caches.
    and m.name <> 'touched'$$, 'and nothing else is there');
select is_empty($$select p.proname, i.part[1] from pg_proc p
    cross join lateral regexp_matches(p.prosrc, 'insert into pg_temp\.(\w+)(?: as \w+)?\s+(?!as|\()\w+', 'g') i (part)
    where p.pronamespace = 'thule_internal'::regnamespace$$, 'who puts rows in says which columns they have');

select * from finish();
rollback;
