-- The tables of schema osquery that a statement asks, by the name that its conditions call them.
-- Parameters: words of what stands between `from` and `where`; schemas, those in which names are looked up, in order.
-- Returns: rows of relation, alias, linked: it is joined with the other one by path. None where it asks anything else, or joins in a way that is not
--   told from the words.
-- Tables touched: only the system catalog.
create function thule_internal.asked_from(words text[], schemas name[]) returns table (relation text, alias text, linked boolean)
language sql stable parallel safe
begin atomic
    with item as (
        select m.part, i.nth
        from regexp_split_to_table(array_to_string(words, ' '), ' (?:,|(?:(?:inner|cross|(?:left|right|full)(?: outer)?) )?join) ') with ordinality i (text, nth)
        left join lateral regexp_matches(i.text,
            '^(osquery \. )?([a-z_]+)(?: (?:as )?(?!(?:using|on|natural)\M)([a-z_0-9]+))?(?: using \( ([a-z_ ,]+) \)| on ([a-z_0-9. =]+))?$') m (part) on true
    ), named as (
        select i.part[2] as relation, coalesce(i.part[3], i.part[2]) as alias, i.nth,
            coalesce(i.part[4] = 'path', false) or i.part[5] ~ '^[a-z_0-9]+ \. path = [a-z_0-9]+ \. path$' as linked,
            c.oid is not null and c.relnamespace = 'osquery'::regnamespace as ours
        from item i
        left join lateral (
            select c.oid, c.relnamespace
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            where c.relname = i.part[2] and case when i.part[1] is null then n.nspname = any (schemas) else n.nspname = 'osquery' end
            order by array_position(schemas, n.nspname) limit 1
        ) c on true
    )
    select n.relation, n.alias, (select count(*) = 2 and bool_or(m.linked) from named m)
    from named n
    where (select bool_and(m.ours) and count(*) = count(distinct m.alias) from named m);
end;
