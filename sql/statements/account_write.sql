-- Names of users and groups of a host: $1 the host; $2 lines of /etc/passwd, $3 of /etc/group, of which the first of an id counts.
insert into thule.account (is_group, id, host, name)
select distinct on (l.is_group, l.id) l.is_group, l.id, $1::text, l.name
from (
    select f.is_group, split_part(t.line, ':', 3)::bigint as id, split_part(t.line, ':', 1) as name, t.n
    from (values (false, $2::text), (true, $3::text)) f (is_group, lines)
    cross join string_to_table(f.lines, E'\n') with ordinality t (line, n)
    where t.line ~ '^[!-9;-~]+:[^:]*:[0-9]{1,10}(:|$)'
) l
order by l.is_group, l.id, l.n
on conflict (is_group, id, host) do update set name = excluded.name, seen = now()
